"""What one filter noticed about one comment: the vocabulary between filters, policy and verdict."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of a comment that a signal rests on.

    `text` is what was matched, as the author wrote it; `start` and `end` count characters (code points) of the named
    field, and are None where the evidence is no span of it (a count, a reason).
    """

    text: str
    field: str = "body"
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One observation: a stable upper-case name, how strongly it was seen (0..1), and what shows it.

    What a signal is worth is the policy's business, never the filter's.
    """

    name: str
    strength: float
    evidence: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.strength <= 1.0:
            raise ValueError(f"{self.name}: strength {self.strength} is not within 0..1")
