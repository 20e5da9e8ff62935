"""Shows how far long work is: a bar for each step on a terminal, a line now and then elsewhere; beside the result."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

# Often enough to see that it lives, seldom enough for a log.
_LINE_EVERY_SECONDS = 5.0

# Told a step, how much of it is done, and of how much.
Tell = Callable[[str, int, int], None]


@contextmanager
def progress() -> Iterator[Tell]:
    """Yield the function that shows how far a step is, on standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console)
        return
    with Progress(console=console, transient=True) as bars:
        tasks = {}

        def tell(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=of)
            bars.update(tasks[step], completed=done, total=of)

        yield tell


def _lines(console: Console) -> Tell:
    due_at = time.monotonic() + _LINE_EVERY_SECONDS

    def tell(step: str, done: int, of: int) -> None:
        nonlocal due_at
        if time.monotonic() < due_at:
            return
        due_at = time.monotonic() + _LINE_EVERY_SECONDS
        console.print(f"{step}: {done:,} of {of:,}", highlight=False)

    return tell
