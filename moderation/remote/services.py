"""Which services an operator has set up, and the doors to them."""

from collections.abc import Iterator

from moderation.clock import Clock, utc_now
from moderation.outbound import Outbound
from moderation.remote.akismet import Akismet
from moderation.remote.asking import Asker
from moderation.remote.calls import Line
from moderation.remote.check import Check
from moderation.remote.opinion import Opinion
from moderation.remote.question import Service
from moderation.remote.stop_forum_spam import StopForumSpam
from moderation.settings import Settings


def services_of(settings: Settings) -> Iterator[Service]:
    """Yield the services that are set up."""
    if settings.akismet_key:
        yield Akismet(settings.akismet_url, settings.akismet_key)
    if settings.stop_forum_spam_url:
        yield StopForumSpam(settings.stop_forum_spam_url)
    if settings.check_url:
        yield Check(settings.check_url, settings.check_secret)
    if settings.opinion_url:
        yield Opinion(settings.opinion_url, settings.opinion_key, settings.opinion_model)


def make_asker(settings: Settings, clock: Clock = utc_now) -> Asker:
    """Return what asks the services that are set up."""
    lines = {}
    for service in services_of(settings):
        seconds = float(settings.opinion_timeout if isinstance(service, Opinion) else settings.remote_timeout)
        outbound = Outbound(settings.outbound_allow, total_seconds=seconds, read_seconds=seconds)
        lines[service.name] = Line(service, outbound, seconds)
    return Asker(lines, settings.remote_budget, clock)
