"""Shows how far a run is: two bars on a terminal, a plain line now and then elsewhere; always beside the result."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from moderation.demo.course import Standing

# Often enough to see that it lives, seldom enough for a log.
_LINE_EVERY_SECONDS = 5.0


@contextmanager
def progress(console: Console) -> Iterator[Callable[[Standing], None]]:
    """Yield the function that shows a standing on this console."""
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        answered = bars.add_task("answered", total=None)
        judged = bars.add_task("judged", total=None)

        def show(standing: Standing) -> None:
            bars.update(answered, completed=standing.accepted + standing.refused, total=standing.total)
            bars.update(judged, completed=standing.heard, total=standing.total - standing.refused)

        yield show


def _lines(console: Console) -> Callable[[Standing], None]:
    due_at = time.monotonic() + _LINE_EVERY_SECONDS

    def show(standing: Standing) -> None:
        nonlocal due_at
        if time.monotonic() < due_at:
            return
        due_at = time.monotonic() + _LINE_EVERY_SECONDS
        text = f"{standing.accepted} accepted, {standing.refused} refused, {standing.heard} judged of {standing.total}"
        console.print(text, highlight=False)

    return show
