"""Traces of the real program, as a collector gets them: from the request to the webhook in one."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Receiver, receiving
from tests.journeys.program import up
from tests.processes import free_port, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


def test_a_comment_is_followed_from_its_request_to_its_webhook(tmp_path: Path, receiver: Receiver) -> None:
    pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    with (
        receiving() as collector,
        up(
            tmp_path / "var",
            free_port(),
            MODERATION_OUTBOUND_ALLOW="127.0.0.0/8",
            MODERATION_TRACES="on",
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.url}/v1/traces",
            OTEL_EXPORTER_OTLP_COMPRESSION="none",
            OTEL_BSP_SCHEDULE_DELAY="200",
        ) as program,
    ):
        collector.answers[:] = [(200, {})]
        program.wait_until_ready()
        program.listen(receiver.url)
        program.post("A calm and friendly word.")
        # The last step tells which trace it belongs to.
        wait_until(lambda: names_with(collector, "attempt") >= {"moderation.deliver"}, "the webhook was traced")
        expected = {"POST /v1/comments", "commit", "moderation.screen", "moderation.deliver", "attempt"}
        wait_until(lambda: names_with(collector, "attempt") == expected, "the whole way was traced, as one")
        assert program.stop() == 0


def names_with(collector: Receiver, name: str) -> set[str]:
    """Return the names of all spans in the traces that have one of this name."""
    found = spans(collector)
    wanted = {one.trace_id for one in found if one.name == name}
    return {one.name for one in found if one.trace_id in wanted}


def spans(collector: Receiver) -> list[Any]:
    """Return the spans that arrived."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    requests = [ExportTraceServiceRequest.FromString(one.body) for one in list(collector.received)]
    return [
        span
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
