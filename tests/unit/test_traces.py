"""Traces: nothing while they are off; on, one trace from a request to its messages, and links where many meet."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from moderation import traces
from moderation.settings import Settings


@pytest.fixture
def exporter() -> Iterator[Any]:
    """Return what keeps the spans of this process, which is traced."""
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()
    traces.start(Settings(traces="on"), "test", memory)
    yield memory
    traces.stop()


def by_name(exporter: Any) -> dict[str, Any]:
    return {span.name: span for span in exporter.get_finished_spans()}


def test_while_they_are_off_nothing_is_loaded_and_nothing_is_said() -> None:
    program = """
import sys
from moderation import traces
from moderation.settings import Settings
traces.start(Settings(), "test")
traces.remember(["cm_1"])
with traces.span("nothing") as span:
    assert span is None
assert traces.headers(["cm_1"]) is None
assert traces.current() == ()
traces.stop()
assert not any(name.startswith("opentelemetry") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_batch_goes_on_with_its_first_comment_and_links_to_the_others(exporter: Any) -> None:
    for number in (1, 2, 3):
        with traces.span(f"POST {number}"):
            traces.remember([f"cm_{number}"])
    carried = traces.headers(["cm_1", "cm_2", "cm_3", "cm_swept"])
    assert carried is not None
    with traces.span("screen", carried[traces.HEADER]):
        told = traces.headers()
    assert told is not None
    with traces.span("deliver", told[traces.HEADER], endpoint="ep_1", nothing=None):
        pass

    spans = by_name(exporter)
    posts = [spans[f"POST {number}"].context for number in (1, 2, 3)]
    screen, deliver = spans["screen"], spans["deliver"]
    assert screen.parent.span_id == posts[0].span_id
    assert [link.context.trace_id for link in screen.links] == [one.trace_id for one in posts[1:]]
    assert deliver.parent.span_id == screen.context.span_id
    assert {one.context.trace_id for one in (screen, deliver)} == {posts[0].trace_id}
    assert dict(deliver.attributes) == {"moderation.endpoint": "ep_1"}
    assert deliver.resource.attributes["service.name"] == "moderation-test"


def test_what_was_told_is_forgotten_and_what_is_unknown_begins_a_trace_of_its_own(exporter: Any) -> None:
    with traces.span("POST"):
        traces.remember(["cm_1"])
    assert traces.headers(["cm_1"]) != {traces.HEADER: []}
    traces.forget(["cm_1"])
    assert traces.headers(["cm_1"]) == {traces.HEADER: []}
    with traces.span("screen", []):
        pass
    assert by_name(exporter)["screen"].parent is None


def test_an_error_is_named_and_its_words_stay_out(exporter: Any) -> None:
    def fail() -> None:
        with traces.span("screen"):
            raise ValueError("a stranger's words")

    with pytest.raises(ValueError, match="stranger"):
        fail()
    span = by_name(exporter)["screen"]
    assert span.status.description == "ValueError"
    assert "stranger" not in span.to_json()


def test_the_bells_of_a_long_outage_do_not_fill_the_memory(exporter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.traces._MOST_REMEMBERED", 2)
    with traces.span("POST"):
        traces.remember(["cm_1", "cm_2", "cm_3"])
    assert traces.headers(["cm_1"]) == {traces.HEADER: []}
    assert traces.headers(["cm_3"]) != {traces.HEADER: []}
