"""Lists of comments, each with its links, within what a service takes. Pure."""

from collections.abc import Callable, Sequence


def with_links(lines: Sequence[str], links: Sequence[str], room: int, cost: Callable[[str], int]) -> str:
    """Return each line with its line of links below it ("" is none), links of the first as long as there is room.

    Links are whole or left out. `room` is counted by `cost`, with all lines in it.
    """
    room -= sum(cost(line) + 1 for line in lines)
    shown: list[str] = []
    for line, row in zip(lines, links, strict=True):
        shown.append(line)
        room -= cost(row) + 1 if row else 0
        if row and room >= 0:
            shown.append(row)
    return "\n".join(shown)
