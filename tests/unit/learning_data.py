"""Labelled comments made for the tests of the text model."""

import random

from moderation.learning.rows import Row

SPAM = "earn cash crypto bonus casino click signal guaranteed profit whatsapp trader winners promo free deposit"
HAM = "article government history question weather agree reading children school music garden opinion bread"


def row(number: int, label: str, source: str = "made_up") -> Row:
    """Make one comment whose words follow from its number and label."""
    chance = random.Random(f"{label} {number}")
    own = SPAM if label == "spam" else HAM
    words = chance.choices(own.split(), k=6) + chance.choices(["the", "and", "very", "today", "we", "this"], k=4)
    chance.shuffle(words)
    identity = f"{source}-{label}-{number}"
    return Row(identity, source, "en", "", "", " ".join(words), label, identity)


def rows(each: int = 120) -> list[Row]:
    """Make this many comments of each label, from two sources."""
    sources = ("made_up", "invented")
    return [row(number, label, sources[number % 2]) for number in range(each) for label in ("spam", "ham", "toxic")]
