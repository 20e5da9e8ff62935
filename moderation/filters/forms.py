"""How the form was filled in: a field that people don't see, faster than anyone types, without a token or work."""

from collections.abc import Iterator

from moderation.filters.facts import Facts
from moderation.signals import Evidence, Signal

# Nobody reads, writes and sends within two seconds.
_AT_ONCE = 2.0
# The fastest typists keep up 15 characters a second.
_TYPED_PER_SECOND = 15
# Long texts are written elsewhere and pasted, or were kept by the browser: more than this is asked of nobody.
_MOST_SECONDS = 20.0

_PROBLEMS = {
    "expired": ("FORM_STALE", "the form's token had expired"),
    "forged": ("FORM_FORGED", "the form's token is not one of this site"),
}


def forms(facts: Facts) -> Iterator[Signal]:
    """Notice HONEYPOT, FORM_NO_WORK, FORM_FAST, FORM_STALE, FORM_FORGED, and where forms send a token FORM_MISSING."""
    form = facts.form
    if form.is_trapped:
        yield Signal("HONEYPOT", 1.0, (Evidence("the form's hidden field was filled in", field=""),))
    if form.has_worked is False:
        yield Signal("FORM_NO_WORK", 1.0, (Evidence("the site was flooded, and the form showed no work", field=""),))
    if form.seconds is not None:
        strength = _haste(form.seconds, len(facts.body))
        if strength > 0:
            told = f"sent after {form.seconds:.1f} seconds, with {len(facts.body)} characters"
            yield Signal("FORM_FAST", strength, (Evidence(told, field=""),))
    elif form.problem in _PROBLEMS:
        name, told = _PROBLEMS[form.problem]
        yield Signal(name, 1.0, (Evidence(told, field=""),))
    elif facts.policy.rules.expect_form_token:
        yield Signal("FORM_MISSING", 1.0, (Evidence("no form token was sent", field=""),))


def _haste(seconds: float, length: int) -> float:
    """Return 1 up to two seconds, 0 from when the text can have been typed, and what lies between in between."""
    enough = min(_MOST_SECONDS, _AT_ONCE + length / _TYPED_PER_SECOND)
    return min(1.0, max(0.0, (enough - seconds) / (enough - _AT_ONCE)))
