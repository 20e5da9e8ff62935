"""Plain tables of figures: the same on a terminal, in a log and in the docs."""

from collections.abc import Sequence


def table(lines: Sequence[Sequence[str]]) -> str:
    """Line up columns: the first to the left, the others to the right. The first line holds the heads."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def number(value: float | None, digits: int = 3) -> str:
    """Write a figure, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"
