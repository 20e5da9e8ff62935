"""Comments that come faster than people write: by one email, from one address, or on the whole site."""

from collections.abc import Iterator

from moderation.filters.facts import Facts
from moderation.signals import Evidence, Signal

# A quick exchange is a comment a minute; twelve in five minutes is nobody who reads the answers.
_USUAL = 5
_CERTAIN_FROM = 12
# Offices, schools and mobile networks share one address among many readers.
_SHARE_OF_IP = 0.75
# A hot post draws many honest readers at once: only far beyond the usual, and even then it says little of one comment.
_LEAST_ON_SITE = 10
_TIMES_USUAL = 8
_STRENGTH_ON_SITE = 0.15


def flood(facts: Facts) -> Iterator[Signal]:
    """Notice FLOOD: more than 5 comments in 5 minutes by one email or address, or a site far beyond its usual."""
    rates = facts.rates
    noticed = []
    if rates.by_email > _USUAL:
        noticed.append((_strength(rates.by_email), f"{rates.by_email} by this email in 5 minutes"))
    if rates.by_ip > _USUAL:
        noticed.append((_strength(rates.by_ip) * _SHARE_OF_IP, f"{rates.by_ip} from this address in 5 minutes"))
    usual = rates.usual_on_site
    if usual is not None and rates.on_site > max(_LEAST_ON_SITE, _TIMES_USUAL * usual):
        noticed.append((_STRENGTH_ON_SITE, f"{rates.on_site} on the site in 10 minutes, {usual:.1f} are usual"))
    if noticed:
        yield Signal(
            "FLOOD", max(strength for strength, _ in noticed), tuple(Evidence(text, field="") for _, text in noticed)
        )


def _strength(count: int) -> float:
    """Half from the sixth on, full from the twelfth."""
    return min(1.0, 0.5 + 0.5 * (count - _USUAL - 1) / (_CERTAIN_FROM - _USUAL - 1))
