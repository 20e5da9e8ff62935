"""Settings: every name known, every value checked, every complaint at once."""

import ipaddress
import stat
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from moderation.errors import SettingsError
from moderation.setting_lines import describe
from moderation.settings import Settings

KEY = "k" * 32


def test_the_defaults_are_one_machine(tmp_path: Path) -> None:
    settings = Settings.from_environment({})
    assert settings.effective_database_url == "sqlite:///var/moderation.db"
    assert settings.is_embedded
    assert settings.effective_base_url == "http://127.0.0.1:8000"
    with pytest.raises(FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]


def test_what_makes_no_sense_is_named_all_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(
            {
                "MODERATION_PROT": "80",
                "MODERATION_PORT": "http",
                "MODERATION_LOG_LEVEL": "LOUD",
                "MODERATION_TRUSTED_PROXIES": "everyone",
                "MODERATION_BASE_URL": "example.com",
                "MODERATION_SECRET_KEY": "short",
                "HOME": "/",
            }
        )
    lines = str(refused.value).splitlines()
    assert len(lines) == 6
    assert lines[0] == "MODERATION_PROT is no setting; `moderation settings` lists them all."
    assert "MODERATION_PORT must be a whole number from 1 to 65535." in lines


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("http://mail.example", "a@news.example.com"),
        ("smtp://", "a@news.example.com"),
        ("smtp://mail.example:x", "a@news.example.com"),
        ("smtp://mail.example/path", "a@news.example.com"),
        ("smtp://me:%C3%B6@mail.example", "a@news.example.com"),
        ("smtp://mail.example", "no address"),
        ("smtp://mail.example", "a@news.example.com\r\nBcc: b@news.example.com"),
        ("smtp://mail.example", ""),
    ],
)
def test_a_mail_server_is_one_and_mail_comes_from_an_address(url: str, sender: str) -> None:
    good = {"MODERATION_SMTP_URL": "smtps://me:a%2Fb@mail.example", "MODERATION_SMTP_FROM": "a@news.example.com"}
    assert Settings.from_environment(good).smtp_url == good["MODERATION_SMTP_URL"]
    with pytest.raises(SettingsError):
        Settings.from_environment({"MODERATION_SMTP_URL": url, "MODERATION_SMTP_FROM": sender})


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8e3", "８０", "1" * 5000])
def test_a_port_is_a_port(port: str) -> None:
    with pytest.raises(SettingsError):
        Settings.from_environment({"MODERATION_PORT": port})


def test_values_are_read() -> None:
    settings = Settings.from_environment(
        {
            "MODERATION_OUTBOUND_ALLOW": "127.0.0.0/8, ::1/128",
            "MODERATION_FILTERS": "a.b:c,d:e",
            "MODERATION_LOG_LEVEL": "debug",
            "MODERATION_BASE_URL": "https://comments.example.com/",
            "MODERATION_HOST": "::1",
            "MODERATION_PORT": "",
        }
    )
    assert settings.outbound_allow == (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
    assert settings.filters == ("a.b:c", "d:e")
    assert settings.log_level == "DEBUG"
    assert settings.effective_base_url == "https://comments.example.com"
    assert settings.port == 8000


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("::1", "http://[::1]:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("comments.example.com", "http://comments.example.com:8000"),
    ],
)
def test_the_address_follows_from_the_host(host: str, url: str) -> None:
    assert Settings(host=host).effective_base_url == url


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    assert Settings.from_environment({"MODERATION_SECRET_KEY_FILE": str(path)}).secret() == KEY
    for wrong in (
        {"MODERATION_SECRET_KEY_FILE": str(tmp_path / "none")},
        {"MODERATION_SECRET_KEY_FILE": str(path), "MODERATION_SECRET_KEY": KEY},
    ):
        with pytest.raises(SettingsError, match="MODERATION_SECRET_KEY must be"):
            Settings.from_environment(wrong)


def test_one_machine_makes_its_secret_once_for_itself_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "var")
    secret = settings.secret()
    assert len(secret) >= 32
    assert Settings(data_dir=tmp_path / "var").secret() == secret
    assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]


def test_a_production_database_wants_a_secret_that_all_services_share(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY is not set"):
        Settings(data_dir=tmp_path, database_url="postgresql://db/x").secret()


@pytest.mark.parametrize(
    ("redis_url", "broker_url", "celery", "client"),
    [
        ("redis://r:1/0", "", "redis://r:1/0", "redis://r:1/0"),
        ("unix:///run/r.sock", "", "redis+socket:///run/r.sock", "unix:///run/r.sock"),
        ("redis://r:1/0", "amqp://u:p@q//", "amqp://u:p@q//", "redis://r:1/0"),
    ],
)
def test_the_broker_is_redis_unless_said_otherwise(redis_url: str, broker_url: str, celery: str, client: str) -> None:
    settings = Settings(redis_url=redis_url, broker_url=broker_url)
    assert settings.celery_broker_url == celery
    assert settings.redis_client_url == client
    assert not settings.is_embedded


def test_a_socket_path_that_is_too_long_moves_to_a_folder_of_its_own(tmp_path: Path) -> None:
    near, far = Settings(data_dir=Path("/v")), Settings(data_dir=tmp_path / ("x" * 120))
    assert near.redis_socket == Path("/v/redis.sock")
    assert len(str(far.redis_socket)) < 100
    assert far.redis_socket == Settings(data_dir=tmp_path / ("x" * 120)).redis_socket
    assert far.redis_socket != Settings(data_dir=tmp_path / ("y" * 120)).redis_socket


def test_what_is_printed_holds_no_secret() -> None:
    settings = Settings(secret_key=KEY, database_url="postgresql://u:hunter2@db/x", redis_url="redis://:hunter2@r/0")
    lines = list(describe(settings))
    assert KEY not in str(lines)
    assert "hunter2" not in str(lines)
    assert all(line.text_help.endswith(".") for line in lines)


@pytest.mark.parametrize("secret", ["x" * 64, "abcabc" * 8, "please-changeme-before-production-0123456789", "0" * 40])
def test_a_secret_that_is_easily_guessed_is_refused_where_others_reach_the_database(secret: str) -> None:
    with pytest.raises(SettingsError, match="easily guessed"):
        Settings(secret_key=secret, database_url="postgresql+psycopg://u@db/x").secret()
    assert Settings(secret_key=secret, database_url="sqlite:///x.db").secret() == secret


@pytest.mark.parametrize("secret", ["", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64", "c2VjcmV0" * 4])
def test_a_check_of_ones_own_needs_a_secret_that_its_library_takes(secret: str) -> None:
    environ = {"MODERATION_CHECK_URL": "https://check.example/", "MODERATION_CHECK_SECRET": secret}
    with pytest.raises(SettingsError, match="MODERATION_CHECK_SECRET"):
        Settings.from_environment(environ)
    environ["MODERATION_CHECK_SECRET"] = "whsec_" + "c2VjcmV0" * 4
    assert Settings.from_environment(environ).check_url == "https://check.example"


def test_a_language_model_has_a_name() -> None:
    with pytest.raises(SettingsError, match="MODERATION_OPINION_URL needs MODERATION_OPINION_MODEL"):
        Settings.from_environment({"MODERATION_OPINION_URL": "http://127.0.0.1:11434/v1"})
