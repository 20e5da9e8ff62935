"""A Redis behind Sentinels, named by one URL."""

import pytest

from moderation.celery_config import celery_config
from moderation.errors import SettingsError
from moderation.sentinels import Sentinels, read_sentinels
from moderation.settings import Settings

NAMED = "redis+sentinel://us%20er:p%3B%40ss@h1,[::1]:7000/mymaster/3?sentinel_password=o%26wn"


def test_a_url_names_the_sentinels_the_master_and_who_asks() -> None:
    assert read_sentinels(NAMED) == Sentinels(
        hosts=(("h1", 26379), ("::1", 7000)),
        master="mymaster",
        database=3,
        username="us er",
        password="p;@ss",
        own_username=None,
        own_password="o&wn",
    )
    found = read_sentinels("redis+sentinel://h1:1/mymaster")
    assert found is not None
    assert (found.hosts, found.database, found.password) == ((("h1", 1),), 0, None)


@pytest.mark.parametrize("url", ["redis://h/0", "rediss://h/0", "unix:///run/r.sock", "amqp://u:p@h//", "embedded:"])
def test_other_urls_name_none(url: str) -> None:
    assert read_sentinels(url) is None


def test_celery_is_told_each_sentinel_and_the_master() -> None:
    config = celery_config(NAMED)
    login = "us%20er:p%3B%40ss"
    assert config["broker_url"] == f"sentinel://{login}@h1:26379/3;sentinel://{login}@[::1]:7000/3"
    options = config["broker_transport_options"]
    assert options["master_name"] == "mymaster"
    assert options["sentinel_kwargs"]["password"] == "o&wn"


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://h1:26379",
        "redis+sentinel:///mymaster",
        "redis+sentinel://h1,/mymaster",
        "redis+sentinel://h1:port/mymaster",
        "redis+sentinel://h1/mymaster/x",
        "redis+sentinel://h1/mymaster/0/1",
        "redis+sentinel://h1/mymaster?sentinel_pasword=x",
        "rediss+sentinel://h1/mymaster",
    ],
)
@pytest.mark.parametrize("name", ["MODERATION_REDIS_URL", "MODERATION_BROKER_URL"])
def test_one_that_makes_no_sense_stops_the_start(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name} must be redis\+sentinel://"):
        Settings.from_environment({name: url})


@pytest.mark.parametrize(
    ("url", "celery"),
    [
        ("rediss://h:1/0", "rediss://h:1/0?ssl_cert_reqs=required&ssl_check_hostname=true"),
        ("rediss://h/0?ssl_cert_reqs=none", "rediss://h/0?ssl_cert_reqs=none&ssl_check_hostname=true"),
        ("redis://h:1/0", "redis://h:1/0"),
    ],
)
def test_celery_verifies_a_certificate_unless_told_otherwise(url: str, celery: str) -> None:
    assert celery_config(url)["broker_url"] == celery
