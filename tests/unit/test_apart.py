"""Work run apart: its result and its errors come back, what it changed in the process doesn't."""

import os
import sys

import pytest

from moderation.apart import NotDoneError, run_apart
from moderation.errors import ModerationError

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


def test_what_the_work_returns_comes_back_and_what_it_did_to_its_process_does_not() -> None:
    held: list[int] = []

    def work() -> tuple[int, int]:
        held.append(1)
        return os.getpid(), len(held)

    process, seen = run_apart(work)
    assert process != os.getpid()
    assert (seen, held) == (1, [])


def test_an_answer_longer_than_a_pipe_comes_back_whole() -> None:
    assert run_apart(lambda: "long" * 100_000) == "long" * 100_000


def test_an_error_of_ours_comes_back_as_itself() -> None:
    def work() -> None:
        raise ModerationError("the disk is full")

    with pytest.raises(ModerationError, match=r"^the disk is full$"):
        run_apart(work)


def test_any_other_error_is_printed_where_it_was_raised(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        raise ZeroDivisionError("of the child")

    with pytest.raises(NotDoneError):
        run_apart(work)
    assert "ZeroDivisionError: of the child" in capfd.readouterr().err


def test_a_process_that_dies_is_no_answer() -> None:
    with pytest.raises(NotDoneError):
        run_apart(lambda: os._exit(1))


def test_leaving_the_process_does_not_run_what_the_parent_does_at_its_end(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotDoneError):
        run_apart(lambda: sys.exit("leaving"))
    assert "SystemExit: leaving" in capfd.readouterr().err
