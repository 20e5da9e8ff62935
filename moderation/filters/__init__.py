"""The filters, in the order in which a verdict lists them. Reading this list is reading what is looked at.

A filter is a plain function `(Facts) -> iterable of Signal`: no database, no clock, no network. It says what it saw
and how strongly; what that weighs is in the policy. All of them run, none hides another.
"""

import importlib
from collections.abc import Callable, Iterable, Sequence

from moderation.errors import SettingsError
from moderation.filters.author import author
from moderation.filters.contacts import contacts
from moderation.filters.disguise import disguise
from moderation.filters.facts import Facts
from moderation.filters.flood import flood
from moderation.filters.forms import forms
from moderation.filters.language import language
from moderation.filters.links import links
from moderation.filters.model import model
from moderation.filters.near_copies import near_copies
from moderation.filters.promotion import promotion
from moderation.filters.relevance import relevance
from moderation.filters.repeats import repeats
from moderation.filters.rules import rules
from moderation.filters.shape import shape
from moderation.filters.toxic import toxic
from moderation.filters.words import words
from moderation.predictions import Prediction, Toxicity
from moderation.signals import Evidence, Signal
from moderation.verdict import FILTER_FAILED

__all__ = ["BUILT_IN", "Facts", "Filter", "Prediction", "Toxicity", "failed", "load_filters", "notice"]

Filter = Callable[[Facts], Iterable[Signal]]

BUILT_IN: tuple[Filter, ...] = (
    rules,  # whom the site trusts or blocks, and what it wants to see first
    links,  # too many links, or one in the name
    words,  # the site's own lists: hold and spam
    repeats,  # the same text again, or one that a moderator called spam
    near_copies,  # almost the same text again, by whoever: a campaign
    relevance,  # the title or the parent again, or not a word in common with them and the post's comments
    author,  # what people decided about the author before; names and mail domains that advertise
    flood,  # more than people write: by one email, one address, on the whole site
    forms,  # a hidden field filled in, faster than people type, a form's token that is none
    contacts,  # phones, messenger ids and channels, wallets
    promotion,  # an offer of a well-known kind, a call to come and get it
    disguise,  # letters that pass for others
    language,  # not in a script of the site's languages
    shape,  # shouted, mashed, a run of one sign, nothing at all
    model,  # what the trained text model makes of the body
    toxic,  # insult and threat: a reason to hold, never to call spam
)


def load_filters(names: Sequence[str]) -> tuple[Filter, ...]:
    """Return the built-in filters and those named `package.module:function`.

    One that can't be loaded is kept as a filter that fails, so that its absence shows in every verdict.
    Raises SettingsError for a name of another shape.
    """
    return BUILT_IN + tuple(_load(name) for name in names)


def notice(facts: Facts, filters: Sequence[Filter]) -> list[Signal]:
    """Run every filter on one comment; one that raises becomes a signal that says so."""
    signals: list[Signal] = []
    for one in filters:
        try:
            signals.extend(one(facts))
        except Exception as error:  # noqa: BLE001 - a filter may be anybody's code
            # Only the kind of error: its text may quote the comment.
            signals.append(failed(f"{_name_of(one)}: {type(error).__name__}"))
    return signals


def failed(what: str) -> Signal:
    """Return the signal that something could not be looked at."""
    return Signal(FILTER_FAILED, 1.0, (Evidence(what, field=""),))


def _name_of(one: Filter) -> str:
    return getattr(one, "__name__", type(one).__name__)


def _load(name: str) -> Filter:
    module, separator, function = name.partition(":")
    if not (module and separator and function):
        raise SettingsError(f"MODERATION_FILTERS: {name!r} is not of the form package.module:function")
    try:
        found: Filter = getattr(importlib.import_module(module), function)
    except Exception as error:  # noqa: BLE001 - importing runs anybody's code
        return _missing(f"{name}: {type(error).__name__}")
    return found


def _missing(what: str) -> Filter:
    def missing(_facts: Facts) -> Iterable[Signal]:
        yield failed(what)

    return missing
