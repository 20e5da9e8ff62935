"""Can the services that are set up be asked at all? For `moderation doctor`; nothing of any comment is told."""

from collections.abc import Iterator

from moderation.outbound import Outbound, OutboundError
from moderation.remote.akismet import Akismet
from moderation.remote.question import Service
from moderation.remote.services import services_of
from moderation.settings import Settings


def probe(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield each service with what is wrong with it, or nothing.

    Akismet is asked whether the key is valid; of the others only the address is looked at, since a question costs.
    """
    outbound = Outbound(settings.outbound_allow, total_seconds=float(settings.remote_timeout))
    for service in services_of(settings):
        try:
            yield service.name, _look(outbound, service)
        except OutboundError as error:
            yield service.name, str(error)


def _look(outbound: Outbound, service: Service) -> str:
    if not isinstance(service, Akismet):
        outbound.check(service.url)
        return ""
    request = service.probe()
    answer = outbound.post(request.url, request.headers, request.body)
    return "" if answer.body == b"valid" else f"the key is not accepted (answered {answer.status})"
