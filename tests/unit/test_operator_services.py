"""The door to the operator's services: what arrives there through apprise, and what is said of failures."""

import json
import logging

import pytest

from moderation.formats.apprise import apprise
from moderation.operator_services import NO_SERVICES, OperatorServices
from moderation.outbound import OutboundError
from tests.conftest import Received
from tests.stand_ins import Reply, stand_in
from tests.unit.format_samples import ACTIONS, held_persian, target

MESSAGE = apprise(held_persian(), target("apprise")).body


def _refuse(received: Received) -> Reply:
    return Reply(status=500 if "refusing" in received.path else 200)


def test_every_service_is_told_in_words_with_the_links() -> None:
    with stand_in(_refuse) as service:
        root = service.url.replace("http:", "json:")
        OperatorServices(f"{root}/one, {root}/two?priority=high").send(MESSAGE)
    assert sorted(one.path.partition("?")[0] for one in service.received) == ["/one", "/two"]
    for one in service.received:
        told = json.loads(one.body)
        assert told["title"].startswith("یک دیدگاه منتظر بررسی است: ")
        assert "کاربر مهمان" in told["message"]
        assert all(link in told["message"] for link in ACTIONS.values())
        # As in every chat: nothing of a stranger's is a link or calls anybody.
        assert "evil[.]com" in told["message"]
        assert "private.example" not in told["message"]


def test_what_one_service_took_is_not_sent_again_for_the_other() -> None:
    with stand_in(_refuse) as service:
        root = service.url.replace("http:", "json:")
        OperatorServices(f"{root}/refusing {root}/taking").send(MESSAGE)
    assert len(service.received) == 2


@pytest.mark.parametrize("urls", ["", "nonsense", "nonsense://127.0.0.1/", "json://127.0.0.1:1/", "refusing"])
def test_a_failure_says_so_and_names_no_url(urls: str, caplog: pytest.LogCaptureFixture) -> None:
    with stand_in(_refuse) as service, caplog.at_level(logging.INFO):
        services = OperatorServices(urls.replace("refusing", service.url.replace("http:", "json:") + "/refusing"))
        with pytest.raises(OutboundError) as refused:
            services.send(MESSAGE)
    assert not refused.value.permanent
    assert "127.0.0.1" not in f"{refused.value}{caplog.text}"


def test_without_services_it_says_which_setting_is_missing() -> None:
    with pytest.raises(OutboundError, match="MODERATION_APPRISE_URLS"):
        NO_SERVICES.send(MESSAGE)
