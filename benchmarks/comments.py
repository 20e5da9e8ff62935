"""The comments that the benchmarks read: the labelled ones where they are, else made-up ones of the same lengths."""

import gzip
import json
import random
from dataclasses import dataclass
from pathlib import Path

from moderation.filters import Facts, Prediction
from moderation.policy import Policy
from moderation.predictions import Toxicity

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "dev.jsonl.gz"

# Who sends them: some write a dozen in a run, as on a site. `flooding` has few who send few texts.
READERS = 1_999

_SYLLABLES_TEXT = "ba be ci da el fo gu ha in ko la mi no or pe qui ra so tu va we ya zu"
_SYLLABLES = _SYLLABLES_TEXT.split()
_PERSIAN_TEXT = "سلام خوب خیلی ممنون عالی بود این فیلم را دیدم قشنگ است چرا کسی نمی‌گوید"
_PERSIAN = _PERSIAN_TEXT.split()
_CYRILLIC_TEXT = "привет хорошо очень спасибо это видео кто смотрит сегодня песня"
_CYRILLIC = _CYRILLIC_TEXT.split()
_MADE_UP = 4_000
# A site has one for all of its comments.
_POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Row:
    """One comment: what it says, who signed it, and whether it is spam."""

    body: str
    name: str
    is_spam: bool


def comments(most: int) -> tuple[str, list[Row]]:
    """Return where the comments are from, and up to so many of them in an order that is always the same."""
    if DATA.is_file():
        with gzip.open(DATA, "rt", encoding="utf-8") as lines:
            read = [json.loads(line) for line in lines]
        rows = [Row(one["body"], one["author"] or "reader", one["label"] == "spam") for one in read]
        source = f"labelled comments ({DATA.name})"
    else:
        rows, source = _made_up(), "made-up comments (../shared/data is not here)"
    random.Random(1).shuffle(rows)
    return source, rows[:most]


def facts_of(body: str, *, name: str = "reader", prediction: Prediction | None = None) -> Facts:
    """Return a comment as the filters are given it."""
    return Facts(
        comment_id="cm_1",
        site_id="st_1",
        post_id="1",
        name=name,
        email="reader@example.com",
        website=None,
        body=body,
        language=None,
        policy=_POLICY,
        prediction=prediction or Prediction(0.01),
        toxicity=Toxicity(0.01, 1.0),
    )


def _made_up() -> list[Row]:
    chance = random.Random(1)
    return [_made_up_row(chance) for _ in range(_MADE_UP)]


def _made_up_row(chance: random.Random) -> Row:
    words = chance.choice((_latin_words(chance), _latin_words(chance), _PERSIAN, _CYRILLIC))
    text = " ".join(chance.choice(words) for _ in range(max(1, int(chance.lognormvariate(2.0, 0.8)))))
    is_spam = chance.random() < 1 / 5
    if is_spam:
        text += chance.choice((" http://example.net/buy", " t.me/+abcdefgh", " call +1 202 555 0143", " cheap casino"))
    return Row(text + chance.choice(("", "", ".", "!", " 😀")), chance.choice(("Sara", "reader 7", "علی")), is_spam)


def _latin_words(chance: random.Random) -> list[str]:
    return ["".join(chance.choice(_SYLLABLES) for _ in range(chance.randint(1, 4))) for _ in range(30)]
