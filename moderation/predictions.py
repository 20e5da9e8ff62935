"""What the models say of one text: the words between `learning`, which makes them, and the filters, which read them."""

from dataclasses import dataclass

# Where in a text: characters (code points), end excluded, in the order in which they stand.
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The calibrated probability that a text is spam, and up to three spans of it that speak most for spam.

    There are none where the probability is low. `examples` counts the different texts, decided by the site's own
    moderators, that had a say in it.
    """

    probability: float
    spans: Spans = ()
    examples: int = 0


@dataclass(frozen=True, slots=True)
class Toxicity:
    """The calibrated probability that a text is insult or threat, and up to three spans that speak most for it.

    It supposes that one comment of ten is abusive. `familiarity` (0..1) says how well the model knows this kind of
    text; at 0 the probability means nothing.
    """

    probability: float
    familiarity: float
    spans: Spans = ()
