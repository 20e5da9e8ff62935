"""What must hold for any text that a stranger may send. Hypothesis asks it in the tests, atheris in `make fuzz`."""

from collections.abc import Callable
from functools import cache

from moderation.combining import predict, with_toxicity
from moderation.filters import BUILT_IN, Facts, notice
from moderation.filters.facts import AuthorHistory, Surroundings
from moderation.learning.model import TextModel
from moderation.learning.toxic import ToxicModel
from moderation.links import find_links
from moderation.markup import has_markup, read_markup, without_markup
from moderation.policy import Policy
from moderation.readings import for_the_model, readings
from moderation.signals import Evidence
from moderation.text import Folded, fold, fold_with_spans
from moderation.verdict import FILTER_FAILED, judge

# Longer than a name or an address may be; shorter ones are found whole in the longest body.
_NAME = 80

_POLICY = Policy(
    words_hold=("casino", "کازینو", "free money", "💰", "tit*", "name:sara"),
    words_spam=("viagra", "gacor", "می‌خواهم", "*xn--*"),
    languages=("fa",),
)


def check_folding(text: str) -> None:
    """Folding twice changes nothing more, and spans lead into the original, in order."""
    for is_joined in (False, True):
        folded = fold(text, is_joined=is_joined)
        assert fold(folded, is_joined=is_joined) == folded
        with_spans = fold_with_spans(text, is_joined=is_joined)
        assert with_spans.text == folded
        _check_spans(with_spans, text)


def check_markup(text: str) -> None:
    """Both ways of reading markup give the same text."""
    shown, spans = read_markup(text)
    assert shown == without_markup(text)
    assert len(spans) == len(shown)
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert has_markup(text) or shown == text


def check_links(text: str) -> None:
    """Links stand in order, never overlap, and are shown as written."""
    end = 0
    for link in find_links(text):
        assert end <= link.start < link.end <= len(text)
        assert link.text == text[link.start : link.end]
        assert link.host
        assert link.domain
        end = link.end


def check_readings(text: str) -> None:
    """Other readings lead to the same original."""
    folded = fold_with_spans(text)
    for reading in readings(folded):
        _check_spans(reading, text)
    for_the_model(folded.text)


def check_filters(text: str) -> None:
    """No filter fails on any text, and what is shown as evidence stands where it says."""
    body, name = text, text[:_NAME]
    facts = Facts(
        comment_id="cm_1",
        site_id="st_1",
        post_id="1",
        name=name,
        email=f"{name}@example.com",
        website=name or None,
        body=body,
        language=None,
        policy=_POLICY,
        author=AuthorHistory(),
        surroundings=Surroundings(title=text[_NAME : 2 * _NAME], parent=text[2 * _NAME :] or None, said=(text[::2],)),
        repeats=1,
        repeats_of_spam=1,
    )
    [combined] = with_toxicity(predict(_model(), [facts], {}), [facts], _toxic_model)
    assert combined.toxicity is not None
    signals = notice(facts.with_prediction(combined.prediction, combined.toxicity), BUILT_IN)
    fields = {"body": body, "name": name, "email": facts.email, "website": name}
    for signal in signals:
        assert signal.name != FILTER_FAILED, signal
        assert 0.0 <= signal.strength <= 1.0
        for evidence in signal.evidence:
            _check_evidence(evidence, fields)
    assert judge(signals, facts.policy, "1") == judge(signals, facts.policy, "1")


PROPERTIES: tuple[Callable[[str], None], ...] = (
    check_folding,
    check_markup,
    check_links,
    check_readings,
    check_filters,
)


@cache
def _model() -> TextModel:
    return TextModel.load()


@cache
def _toxic_model() -> ToxicModel:
    return ToxicModel.load()


def _check_spans(folded: Folded, original: str) -> None:
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert list(folded.starts) == sorted(folded.starts)
    assert list(folded.ends) == sorted(folded.ends)
    assert all(0 <= start < end <= len(original) for start, end in zip(folded.starts, folded.ends, strict=True))


def _check_evidence(evidence: Evidence, fields: dict[str, str]) -> None:
    if evidence.start is None or evidence.end is None:
        return
    assert 0 <= evidence.start <= evidence.end <= len(fields[evidence.field])
    assert evidence.text == fields[evidence.field][evidence.start : evidence.end]
