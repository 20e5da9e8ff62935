"""The redis-server of our own, a real one: who may reach it, what it leaves, and what a killed `up` can't spoil."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from moderation.children import Children
from moderation.data_folder import FolderError
from moderation.embedded import NoRedisError, redis_home, redis_program, redis_servers, start_redis
from moderation.settings import Settings
from moderation.stopping import Stop
from tests.processes import is_alive, wait_until


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder whose path is short enough for a socket, which that of `tmp_path` may not be."""
    with tempfile.TemporaryDirectory(prefix="moderation-") as name:
        yield Path(name)


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[Children]:
    """Run a redis-server as `up` does."""
    stop = Stop()
    with redis_home(settings), Children(stop) as children:
        start_redis(children, settings, stop)
        yield children


@contextlib.contextmanager
def orphan(settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the redis-server that a killed `up` left behind, on a machine whose kernel ends no orphans."""
    command = redis_program(next(redis_servers()), settings).command
    at = command.index("moderation.lifeline") + 1
    with subprocess.Popen(command[at:], stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: answers(settings), "the orphan answers")
            yield process
        finally:
            process.kill()


def client(settings: Settings) -> redis.Redis:
    return redis.Redis.from_url(settings.redis_client_url)


def answers(settings: Settings) -> bool:
    with client(settings) as server:
        try:
            return bool(server.ping())
        except redis.RedisError:
            return False


def process_of(settings: Settings) -> int:
    with client(settings) as server:
        return int(server.info("server")["process_id"])


def test_only_we_may_reach_it_and_it_has_no_port(folder: Path) -> None:
    settings = Settings(data_dir=folder)
    with running(settings), client(settings) as server:
        assert server.ping()
        assert stat.S_IMODE(settings.redis_socket.stat().st_mode) == 0o700
        assert server.config_get("port") == {"port": "0"}


def test_it_keeps_nothing_on_disk_and_leaves_no_socket(folder: Path) -> None:
    settings = Settings(data_dir=folder)
    with running(settings), client(settings) as server:
        server.set("key", "value")
    assert [file.name for file in folder.iterdir()] == ["redis.log"]


def test_it_comes_back_after_it_was_killed(folder: Path) -> None:
    settings = Settings(data_dir=folder)
    with running(settings) as children:
        killed = process_of(settings)
        os.kill(killed, signal.SIGKILL)

        def is_back() -> bool:
            children.look()
            return answers(settings)

        wait_until(lambda: not answers(settings), "it is gone")
        wait_until(is_back, "it is back")
        assert process_of(settings) != killed
    assert not settings.redis_socket.exists()


def test_an_orphaned_redis_does_not_stop_the_next_start(folder: Path) -> None:
    settings = Settings(data_dir=folder)
    with orphan(settings) as left:
        with running(settings):
            assert process_of(settings) != left.pid
            assert not is_alive(left.pid)
        assert not settings.redis_socket.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are recognised by /proc")
def test_an_orphan_that_is_stuck_is_killed(folder: Path) -> None:
    settings = Settings(data_dir=folder)
    with orphan(settings) as left:
        left.send_signal(signal.SIGSTOP)
        with running(settings):
            assert process_of(settings) != left.pid
            assert not is_alive(left.pid)


def test_a_process_that_happens_to_have_the_number_of_an_old_server_is_left_alone(folder: Path) -> None:
    (folder / "redis.pid").write_text(f"{os.getpid()}\n")
    with running(Settings(data_dir=folder)):
        pass


@pytest.mark.parametrize("content", ["", "not a number\n", "999999999\n"])
def test_a_stale_socket_and_pidfile_do_not_stop_the_next_start(folder: Path, content: str) -> None:
    settings = Settings(data_dir=folder)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(settings.redis_socket))
    (folder / "redis.pid").write_text(content)
    with running(settings):
        assert answers(settings)


def test_two_sets_side_by_side_have_a_server_each(folder: Path) -> None:
    one, two = Settings(data_dir=folder / "one"), Settings(data_dir=folder / "two")
    for settings in (one, two):
        settings.data_dir.mkdir()
    with running(one), running(two):
        assert process_of(one) != process_of(two)


def test_a_folder_with_an_odd_name_will_do(folder: Path) -> None:
    settings = Settings(data_dir=folder / 'it\'s "odd" \\ é')
    settings.data_dir.mkdir()
    with running(settings):
        assert settings.redis_socket.exists()


def test_a_relative_folder_will_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    settings = Settings(data_dir=Path("var"))
    settings.data_dir.mkdir()
    with running(settings):
        assert (folder / "var" / "redis.sock").exists()


@pytest.fixture
def long_named(folder: Path) -> Iterator[Settings]:
    """Return settings whose folder has a path too long for a socket."""
    settings = Settings(data_dir=folder / ("x" * 120))
    settings.data_dir.mkdir()
    yield settings
    shutil.rmtree(settings.redis_socket.parent, ignore_errors=True)


def test_a_long_path_gets_a_folder_of_our_own_that_is_taken_away_again(long_named: Settings) -> None:
    place = long_named.redis_socket.parent
    with running(long_named):
        assert place != long_named.data_dir
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert not place.exists()


def test_a_folder_left_open_by_us_is_closed(long_named: Settings) -> None:
    place = long_named.redis_socket.parent
    place.mkdir()
    place.chmod(0o777)
    with redis_home(long_named):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_a_folder_that_someone_else_put_there_is_refused(long_named: Settings, folder: Path) -> None:
    place = long_named.redis_socket.parent
    place.symlink_to(folder)
    try:
        with pytest.raises(FolderError, match="belongs to someone else"), redis_home(long_named):
            pass
    finally:
        place.unlink()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(long_named: Settings) -> None:
    place = long_named.redis_socket.parent
    place.mkdir()
    os.chown(place, 12345, 12345)
    with pytest.raises(FolderError, match="belongs to someone else"), redis_home(long_named):
        pass


def test_a_server_on_path_that_does_not_work_is_passed_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = folder / "bin" / "redis-server"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho it is broken\nexit 1\n")
    broken.chmod(0o700)
    monkeypatch.setenv("PATH", f"{broken.parent}{os.pathsep}{os.environ['PATH']}")
    settings = Settings(data_dir=folder)
    with running(settings):
        assert next(redis_servers()) == str(broken)
        assert answers(settings)

    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(sys, "prefix", str(folder))
    with pytest.raises(NoRedisError, match="it is broken"), running(settings):
        pass


def test_a_machine_without_any_server_says_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(sys, "prefix", str(folder))
    with pytest.raises(NoRedisError, match="MODERATION_REDIS_URL"), running(Settings(data_dir=folder)):
        pass
