"""The pieces of the picture of the dashboard: names of lines, values with their units."""

import pytest

from tools.dashboard_picture import amount, legend


@pytest.mark.parametrize(
    ("template", "expected"),
    [("{{verdict}} -> {{action}}", "hold -> spam"), ("p99", "p99"), ("{{ action }}", "spam"), ("{{gone}}", "")],
)
def test_a_line_is_named_by_its_labels(template: str, expected: str) -> None:
    assert legend(template, {"verdict": "hold", "action": "spam"}) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0, "s", "0 s"),
        (0.0425, "s", "42.5 ms"),
        (4.381, "s", "4.38 s"),
        (600, "s", "10 min"),
        (0.085, "percentunit", "8%"),
        (201, "short", "201"),
        (12_345, "short", "12.3 K"),
        (-1.25, "short", "-1.25"),
    ],
)
def test_values_are_shown_with_their_unit(value: float, unit: str, expected: str) -> None:
    assert amount(value, unit) == expected
