"""JSON lines on standard error, from our own code and from the libraries alike.

Never an email address, a comment's text, a key or a full visitor's address: log ids.
"""

import contextlib
import json
import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

# structlog takes rich, where there is one, to draw tracebacks on terminals: some 4 MB of every process, and our lines
# are JSON. Under a name that is None there is nothing to import.
sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
import orjson  # noqa: E402 - as above
import structlog  # noqa: E402

if sys.modules["rich"] is None:
    del sys.modules["rich"]

_FIRST: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

# Libraries that say at INFO what only their authors want to know; warnings of theirs still show.
_QUIET = ("celery", "kombu", "amqp", "alembic", "urllib3", "_granian", "granian.access", "redis")


def _without_text(record: logging.LogRecord) -> bool:
    """Let Celery say which task failed, how and where, and not the error's text: it may quote a comment."""
    if record.exc_info and record.exc_info[0]:
        context = record.args if isinstance(record.args, Mapping) else {}
        last = record.exc_info[2]
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        place = f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last else "an unknown place"
        record.msg = f"task {context.get('name')} failed: {record.exc_info[0].__name__} at {place}"
        record.args, record.exc_info, record.exc_text = (), None, None
        record.__dict__.pop("data", None)
    return True


# Lines that one write puts down as a whole, whoever else writes to the same pipe (POSIX, PIPE_BUF).
_WHOLE_BYTES = 4096
_gathering = threading.local()


@contextlib.contextmanager
def gathered() -> Iterator[None]:
    """Write what this thread says in the block at its end: to write lets other threads have the interpreter.

    One that answers many asks for it back once for all of their lines, instead of once for each.
    """
    if getattr(_gathering, "lines", None) is not None:
        yield
        return
    lines: list[bytes] = []
    _gathering.lines = lines
    try:
        yield
    finally:
        _gathering.lines = None
        whole: list[bytes] = []
        size = 0
        for line in lines:
            if size + len(line) > _WHOLE_BYTES:
                _put(b"".join(whole))
                whole, size = [], 0
            whole.append(line)
            size += len(line)
        _put(b"".join(whole))


def _put(lines: bytes) -> None:
    """Write lines. Where the disk is full, or nobody reads on, they are lost, and the work goes on."""
    stream = getattr(sys.stderr, "buffer", None)
    if stream is not None and lines:
        with contextlib.suppress(OSError):
            # Beneath the buffer, which would be a lock again.
            getattr(stream, "raw", stream).write(lines)


class _Lines:
    """Writes lines to standard error, each in one go: so those of several threads and processes don't mix.

    Without a lock, which a forked child might find taken for ever; and without the record of `logging`: with it, and
    without orjson, a line took 20 µs instead of 5.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name

    def write(self, line: bytes) -> None:
        """Write a line, or keep it where lines are `gathered`."""
        gathered: list[bytes] | None = getattr(_gathering, "lines", None)
        if gathered is None:
            _put(line + b"\n")
        else:
            gathered.append(line + b"\n")

    debug = info = warning = error = critical = exception = write


class _Leveled(structlog.BoundLoggerBase):
    """Passes on what is of the level that `logging` has been set to, or above; a level that may change any time."""

    def debug(self, event: str, **details: Any) -> None:
        self._say(logging.DEBUG, "debug", event, details)

    def info(self, event: str, **details: Any) -> None:
        self._say(logging.INFO, "info", event, details)

    def warning(self, event: str, **details: Any) -> None:
        self._say(logging.WARNING, "warning", event, details)

    def error(self, event: str, **details: Any) -> None:
        self._say(logging.ERROR, "error", event, details)

    def exception(self, event: str, **details: Any) -> None:
        self._say(logging.ERROR, "error", event, {"exc_info": True, **details})

    def _say(self, level: int, name: str, event: str, details: dict[str, Any]) -> None:
        if _root.level <= level:
            self._proxy_to_logger(name, event, **details)


_root = logging.getLogger()


def _render(_logger: Any, _method: str, line: Any) -> bytes:
    try:
        return orjson.dumps(line, default=repr)
    except TypeError:
        # Half of a surrogate pair; or a whole number beyond 64 bits.
        return json.dumps(line, ensure_ascii=False, default=repr).encode("utf-8", "backslashreplace")


def get_logger(name: str) -> Any:
    """Return a logger that takes an event and its details as keywords."""
    return structlog.get_logger(name)


def set_level(level: str) -> None:
    """Say from which level on lines are written, from now on."""
    logging.getLogger().setLevel(level)
    for name in _QUIET:
        quiet = max(logging.WARNING, logging.getLevelName(level)) if level != "DEBUG" else logging.DEBUG
        logging.getLogger(name).setLevel(quiet)


# One list for good: a logger that was used keeps the one that it was made with.
_processors: list[Any] = []


def configure(level: str, process: str) -> None:
    """Send everything to standard error as JSON; `process` names this one (api, worker, beat) in every line."""

    def name_process(_logger: Any, _method: str, line: Any) -> Any:
        line["process"] = process
        return line

    shared = [*_FIRST, name_process]
    last: list[Any] = [structlog.processors.format_exc_info, _render]
    _processors[:] = [*shared, *last]
    structlog.configure(
        processors=_processors,
        logger_factory=_Lines,
        wrapper_class=_Leveled,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.getLogger().handlers[:] = [handler]
    for name in _QUIET:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    set_level(level)
    for name in ("celery.app.trace", "celery.worker.request"):
        logger = logging.getLogger(name)
        if _without_text not in logger.filters:
            logger.addFilter(_without_text)
    # Warnings become lines like all others.
    logging.captureWarnings(capture=True)
