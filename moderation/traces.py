"""Traces, for those who want them: what happened to a request, a batch, a message, and how long each step took.

Off, a span is nothing and no library is loaded. On (`MODERATION_TRACES=on`), spans of OpenTelemetry go to where the
standard variables say (`OTEL_EXPORTER_OTLP_ENDPOINT` and the others). A message carries the traces that it comes from:
the batch goes on with the first of them and links to the others. Error texts stay out, as they do in logs.
"""

import contextlib
import importlib.util
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from moderation.errors import SettingsError
from moderation.settings import Settings

# The header of a message.
HEADER = "traces"
# Whose bells have not been rung yet; as many as the doorbell holds.
_MOST_REMEMBERED = 20_000
_LACKING = "MODERATION_TRACES needs more packages: pip install 'comment-moderation[otel]'"


class _Tracing:
    """What this process knows of its traces."""

    def __init__(self) -> None:
        self.process = ""
        self.exporter: Any = None
        self.provider: Any = None
        self.lock = threading.Lock()
        self.remembered: OrderedDict[str, str] = OrderedDict()

    def tracer(self) -> Any:
        """Return the tracer, made when first asked for: its thread would not live on in a child."""
        with self.lock:
            if self.provider is None:
                self.provider = _make_provider(self.process, self.exporter)
            return self.provider.get_tracer("moderation")


_tracing = _Tracing()


def start(settings: Settings, process: str, exporter: Any = None) -> None:
    """Trace from now on, if the settings say so; raise SettingsError where the packages are missing.

    `exporter` takes the spans at once, in place of those that go out in batches.
    """
    if settings.traces and importlib.util.find_spec("opentelemetry") is None:
        raise SettingsError(_LACKING)
    _tracing.process = f"moderation-{process}" if settings.traces else ""
    _tracing.exporter = exporter


def stop() -> None:
    """Send what waits, and trace no more."""
    with _tracing.lock:
        provider, _tracing.provider, _tracing.process = _tracing.provider, None, ""
        _tracing.remembered.clear()
    if provider is not None:
        provider.shutdown()


def span(name: str, parents: Sequence[str] = (), **attributes: Any) -> AbstractContextManager[Any]:
    """Return a block to be timed; its value is the span, None while traces are off.

    `parents` are traces as `current` returns them: it goes on with the first, and links to the others. Without any it
    is a part of the span around it.
    """
    return _span(name, parents, attributes) if _tracing.process else contextlib.nullcontext()


def current() -> tuple[str, ...]:
    """Return the trace that we are in, for a message or another thread; nothing outside of any."""
    if not _tracing.process:
        return ()
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return tuple(carrier[key] for key in ("traceparent",) if key in carrier)


def remember(ids: Iterable[str]) -> None:
    """Keep in mind for each of these the trace that we are in, until a message goes out for it."""
    for trace in current():
        with _tracing.lock:
            _tracing.remembered.update(dict.fromkeys(ids, trace))
            while len(_tracing.remembered) > _MOST_REMEMBERED:
                _tracing.remembered.popitem(last=False)


def headers(ids: Iterable[str] = ()) -> dict[str, list[str]] | None:
    """Return the headers of a message for these ids: the traces that we had in mind for them, and the one we are in."""
    if not _tracing.process:
        return None
    with _tracing.lock:
        found = [trace for one in ids if (trace := _tracing.remembered.get(one))]
    return {HEADER: list(dict.fromkeys([*found, *current()]))}


def forget(ids: Iterable[str]) -> None:
    """Forget the traces of these, whose message is out."""
    if _tracing.process:
        with _tracing.lock:
            for one in ids:
                _tracing.remembered.pop(one, None)


@contextlib.contextmanager
def _span(name: str, parents: Sequence[str], attributes: dict[str, Any]) -> Iterator[Any]:
    from opentelemetry.trace import Link, StatusCode, get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    read = TraceContextTextMapPropagator().extract
    contexts = [read({"traceparent": one}) for one in dict.fromkeys(parents)]
    with _tracing.tracer().start_as_current_span(
        name,
        context=contexts[0] if contexts else None,
        links=[Link(get_current_span(one).get_span_context()) for one in contexts[1:]],
        attributes={f"moderation.{key}": value for key, value in attributes.items() if value is not None},
        record_exception=False,
        set_status_on_exception=False,
    ) as one:
        try:
            yield one
        except Exception as error:
            one.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def _make_provider(process: str, exporter: Any) -> Any:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": process}))
    if exporter is None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    else:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider
