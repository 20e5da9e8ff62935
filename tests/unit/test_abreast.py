"""Work side by side: what is asked for together is done once, and each goes on with its own part."""

from collections.abc import Callable, Sequence

import pytest

from moderation.abreast import Asked, ask, is_abreast, run_abreast


class Desk:
    """Doubles numbers, and remembers which were asked for together. Odd ones it refuses."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def double(self, asked: Sequence[Asked]) -> None:
        self.asked.append([one.what for one in asked])
        for one in asked:
            if one.what % 2:
                one.error = ValueError(f"{one.what} is odd")
            else:
                one.result = 2 * one.what


def _call(said: list[object], work: Callable[[], object]) -> Callable[[], None]:
    def call() -> None:
        try:
            said.append(work())
        except ValueError as error:
            said.append(str(error))

    return call


def test_what_is_asked_side_by_side_is_done_once_and_each_hears_of_its_own() -> None:
    desk, said = Desk(), list[object]()
    run_abreast([_call(said, lambda number=number: ask(desk.double, number)) for number in (2, 3, 4)])
    assert (said, desk.asked) == ([4, "3 is odd", 8], [[2, 3, 4]])


def test_those_who_ask_again_are_done_again_without_those_who_have_ended() -> None:
    desk, said = Desk(), list[object]()
    twice = [_call(said, lambda number=number: ask(desk.double, ask(desk.double, number))) for number in (2, 6)]
    run_abreast([_call(said, lambda: "asks nothing"), _call(said, lambda: ask(desk.double, 4)), *twice])
    assert (said, desk.asked) == (["asks nothing", 8, 8, 24], [[4, 2, 6], [4, 12]])


def test_of_two_desks_each_does_its_own() -> None:
    desks, said = [Desk(), Desk()], list[object]()
    run_abreast([_call(said, lambda number=number: ask(desks[number // 4].double, number)) for number in (2, 4, 6)])
    assert [desk.asked for desk in desks] == [[[2]], [[4, 6]]]
    assert sorted(map(str, said)) == ["12", "4", "8"]


def test_alone_it_is_done_at_once() -> None:
    desk = Desk()
    assert (ask(desk.double, 2), is_abreast()) == (4, False)
    with pytest.raises(ValueError, match="3 is odd"):
        ask(desk.double, 3)
    said: list[object] = []
    run_abreast([_call(said, is_abreast)])
    assert said == [True]
