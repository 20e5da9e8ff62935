"""Let one thread carry many pieces of work side by side, so that what they ask the database for is asked once.

Each runs until it comes to something that costs little more for many than for one: a transaction, a look-up. There it
stands aside, and the next one runs. Once all stand aside or have ended, what they came to is done for all of them, and
each goes on with its own part of the outcome. Nobody waits for what has not begun. The code of such work is written as
if it were alone: outside of `run_abreast`, `ask` does at once what it is asked.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from greenlet import getcurrent, greenlet


class Asked:
    """What one piece of work asked for, and what came of it: a result, or an error that is raised where it asked."""

    __slots__ = ("error", "result", "what")

    def __init__(self, what: Any) -> None:
        self.what = what
        self.result: Any = None
        self.error: BaseException | None = None

    def outcome(self) -> Any:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.result


# Does what is asked, for all that ask: sets their results and errors, raises nothing.
Do = Callable[[Sequence[Asked]], None]


class _Strand(greenlet):
    """One of the pieces of work, and what it stands aside for."""

    do: Do
    asked: Asked


def run_abreast(calls: Iterable[Callable[[], None]]) -> None:
    """Run them all, each to its end; they raise nothing."""
    strands = [_Strand(call) for call in calls]
    while strands:
        by_what: dict[Do, list[Asked]] = {}
        for strand in strands:
            strand.switch()
            if not strand.dead:
                by_what.setdefault(strand.do, []).append(strand.asked)
        for do, asked in by_what.items():
            do(asked)
        strands = [strand for strand in strands if not strand.dead]


def is_abreast() -> bool:
    """Tell whether others run side by side with the caller."""
    return isinstance(getcurrent(), _Strand)


def ask(do: Do, what: Any) -> Any:
    """Have `do` do what is asked, together with what others ask of it; return the result, or raise the error."""
    asked = Asked(what)
    strand = getcurrent()
    if isinstance(strand, _Strand):
        strand.do, strand.asked = do, asked
        assert strand.parent is not None
        strand.parent.switch()
    else:
        do([asked])
    return asked.outcome()
