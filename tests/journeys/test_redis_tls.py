"""Redis over TLS: `rediss://` for what we ask ourselves and for Celery alike, and nobody is believed without proof."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from celery import Celery
from kombu.exceptions import OperationalError

from moderation.broker import Backlog, BrokerAwayError, ping_redis, queue_lengths
from moderation.settings import Settings
from moderation.tasks import SCREEN, SCREEN_QUEUE
from tests.journeys.servers import need, redis
from tests.processes import free_port


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return who vouches for the server."""
    return trustme.CA()


@pytest.fixture(scope="module")
def port(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Return the port of a redis-server that speaks TLS and asks for a password."""
    # The one of a wheel may be built without.
    need("redis-server", "redis-server")
    folder = tmp_path_factory.mktemp("tls")
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    one = free_port()
    options = {"port": "0", "tls-port": str(one), "bind": "127.0.0.1", "requirepass": "open", "save": ""}
    files = {"tls-cert-file": "cert.pem", "tls-key-file": "key.pem", "tls-auth-clients": "no"}
    arguments = [part for name, value in (options | files).items() for part in (f"--{name}", value)]
    with redis(folder, *arguments, port=one):
        yield one


def publish(settings: Settings) -> None:
    with Celery(set_as_current=False) as app:
        app.conf.update(settings.celery())
        # A connection of its own: Celery's pools don't tell authorities apart.
        with app.connection_for_write() as connection:
            app.send_task(SCREEN, args=[[]], queue=SCREEN_QUEUE, retry=False, connection=connection)


def test_a_server_whose_certificate_is_vouched_for_is_used(port: int, authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    settings = Settings(redis_url=f"rediss://:open@localhost:{port}/0?ssl_ca_certs={tmp_path / 'ca.pem'}")
    ping_redis(settings)
    before = queue_lengths(settings)[SCREEN_QUEUE]
    publish(settings)
    assert queue_lengths(settings)[SCREEN_QUEUE] == before + 1
    assert Backlog(settings, SCREEN_QUEUE).is_there()
    assert not Backlog(settings, "empty").is_there()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_one_that_nobody_vouches_for_or_under_another_name_is_not(
    host: str, port: int, authority: trustme.CA, tmp_path: Path
) -> None:
    vouched = authority if host != "localhost" else trustme.CA()
    vouched.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    settings = Settings(redis_url=f"rediss://:open@{host}:{port}/0?ssl_ca_certs={tmp_path / 'ca.pem'}")
    with pytest.raises(BrokerAwayError):
        ping_redis(settings)
    with pytest.raises(OperationalError, match="certificate verify failed"):
        publish(settings)
