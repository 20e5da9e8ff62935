"""Shapes that several metrics have."""

from collections.abc import Mapping

from prometheus_client.core import GaugeMetricFamily


def gauge(name: str, text_help: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    """Return a gauge with one label."""
    family = GaugeMetricFamily(name, text_help, labels=[label])
    for label_value, value in values.items():
        family.add_metric([label_value], value)
    return family
