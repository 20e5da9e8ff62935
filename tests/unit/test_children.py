"""Real, small processes in the place of the services: who dies comes back, who is told to stop is gone."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from moderation.children import LONGEST_PAUSE_SECONDS, STEADY_SECONDS, Child, Children
from moderation.stopping import Stop
from tests.processes import PATIENCE_SECONDS, is_alive, numbers_in, stand_in, wait_until

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child of its parent")

NOTE = """
import os, signal, subprocess, sys, time
def note(path):
    with open(path, "a") as file:
        file.write(f"{os.getpid()}\\n")
"""
# Writes down its process id, then runs until it is told to stop.
STEADY = NOTE + "note(sys.argv[1])\ntime.sleep(600)"
# Writes down who stops.
POLITE = """
import signal, sys, time
def bye(*_):
    with open(sys.argv[1], "a") as file:
        file.write(sys.argv[2] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, bye)
open(sys.argv[1] + "." + sys.argv[2], "w").close()
time.sleep(600)
"""
STUBBORN = NOTE + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nnote(sys.argv[1])\ntime.sleep(600)"
# A service with a process of its own, both of which ignore SIGTERM from anyone but the kernel's word of a dead parent.
WITH_GRANDCHILD = (
    NOTE
    + """
subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]])
note(sys.argv[1])
time.sleep(600)
"""
)
TIED = "from moderation.lifeline import die_with_parent\ndie_with_parent()\n"
# What `up` does, with the programs given: the stand-in's script, and arguments.
SUPERVISOR = """
import sys
from moderation.children import Children
from moderation.stopping import Stop
from tests.processes import stand_in
with Stop() as stop, Children(stop, patience_seconds=600) as children:
    children.add(stand_in(*sys.argv[1:]))
    children.keep_running()
sys.exit(3 if stop.is_hurried else 0)
"""


@contextmanager
def supervisor(*arguments: object) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process that keeps a stand-in running; end both at last."""
    command = [sys.executable, "-c", SUPERVISOR, *map(str, arguments)]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as process:
        try:
            yield process
        finally:
            process.kill()


def test_what_dies_is_started_again(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with Children(Stop()) as children:
        child = children.add(stand_in(STEADY, pids))
        wait_until(lambda: numbers_in(pids), "the program starts")
        os.kill(numbers_in(pids)[0], signal.SIGKILL)

        def is_back() -> bool:
            children.look()
            return len(numbers_in(pids)) > 1

        wait_until(is_back, "the program is started again")
        assert child.deaths == 1
        assert is_alive(numbers_in(pids)[1])
    assert not any(is_alive(pid) for pid in numbers_in(pids))


def test_pauses_between_starts_grow_up_to_a_limit_and_are_short_again_after_a_steady_run() -> None:
    now = 1000.0
    child = Child(stand_in("raise SystemExit(7)"), monotonic=lambda: now)

    def pause_after_death() -> float:
        """Let it die, and return after how many seconds it is started again."""
        nonlocal now
        deaths = child.deaths

        def has_died() -> bool:
            child.look()
            return child.deaths > deaths

        wait_until(has_died, "the program dies")
        pause = 0.0
        while child.process is None:
            pause, now = pause + 0.5, now + 0.5
            child.look()
        return pause

    child.start()
    assert [pause_after_death() for _ in range(7)] == [1, 2, 4, 8, 16, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]
    assert child.exit_code == 7
    now += STEADY_SECONDS
    assert pause_after_death() == 1
    child.kill()


def test_a_program_that_can_not_be_started_again_is_tried_again_later(tmp_path: Path) -> None:
    now = 1000.0
    script = tmp_path / "program"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o700)
    program = stand_in("")
    child = Child(type(program)("program", (str(script),)), monotonic=lambda: now)
    child.start()
    script.unlink()

    def deaths(count: int) -> bool:
        child.look()
        return child.deaths == count

    wait_until(lambda: deaths(1), "the program ends")
    now += 1
    wait_until(lambda: deaths(2), "the start fails")
    assert child.process is None


def test_programs_stop_stage_after_stage(tmp_path: Path) -> None:
    order = tmp_path / "order"
    names = ["redis", "api", "worker", "beat"]
    stages = {"api": 0, "beat": 1, "worker": 2, "redis": 9}
    with Children(Stop()) as children:
        for name in names:
            children.add(stand_in(POLITE, order, name, name=name, stage=stages[name]))
        wait_until(lambda: all(Path(f"{order}.{name}").exists() for name in names), "all run")
    assert order.read_text().split() == ["api", "beat", "worker", "redis"]


def test_a_program_that_does_not_stop_is_killed_with_all_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with Children(Stop(), patience_seconds=0.1) as children:
        children.add(stand_in("import signal\nsignal.signal(15, signal.SIG_IGN)\n" + WITH_GRANDCHILD, pids, STUBBORN))
        wait_until(lambda: len(numbers_in(pids)) == 2, "both processes run")
    wait_until(lambda: not any(map(is_alive, numbers_in(pids))), "both processes are gone")


def test_what_a_dead_program_started_is_ended_before_the_next_start(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with Children(Stop()) as children:
        child = children.add(stand_in(WITH_GRANDCHILD, pids, STUBBORN))
        wait_until(lambda: len(numbers_in(pids)) == 2, "both processes run")
        assert child.process is not None
        child.process.kill()
        wait_until(child.has_ended, "the program is gone")
        wait_until(lambda: not any(map(is_alive, numbers_in(pids))), "what it started is gone")


def test_a_ctrl_c_at_the_terminal_does_not_reach_the_programs(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with Children(Stop()) as children:
        children.add(stand_in(STEADY, pids))
        wait_until(lambda: numbers_in(pids), "the program starts")
        (pid,) = numbers_in(pids)
        assert os.getsid(pid) == os.getpgid(pid) == pid


def test_what_a_program_prints_goes_into_its_file(tmp_path: Path) -> None:
    program = stand_in("import sys; print('out'); print('err', file=sys.stderr)")
    output = tmp_path / "log"
    output.write_text("from an earlier start")
    child = Child(type(program)("printer", program.command, output=output))
    child.start()
    wait_until(child.has_ended, "the program ends")
    assert sorted(output.read_text().split()) == ["err", "out"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_set(tmp_path: Path, number: signal.Signals) -> None:
    pids = tmp_path / "pids"
    with supervisor(STEADY, pids) as process:
        wait_until(lambda: numbers_in(pids), "the program starts")
        process.send_signal(number)
        assert process.wait(PATIENCE_SECONDS) == 0
        assert not is_alive(numbers_in(pids)[0])


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with supervisor(STUBBORN, pids) as process:
        wait_until(lambda: numbers_in(pids), "the program starts")

        def has_ended() -> bool:
            process.send_signal(signal.SIGINT)
            return process.poll() is not None

        wait_until(has_ended, "the set ends")
        assert process.returncode == 3
        assert not is_alive(numbers_in(pids)[0])


@on_linux
def test_killing_up_leaves_no_child(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with supervisor(TIED + WITH_GRANDCHILD, pids, TIED + STEADY) as process:
        wait_until(lambda: len(numbers_in(pids)) == 2, "both processes run")
        process.kill()
        wait_until(lambda: not any(map(is_alive, numbers_in(pids))), "no process is left")


@on_linux
def test_a_child_that_starts_after_its_parent_died_ends_at_once(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    environment = {**os.environ, "_MODERATION_PARENT": "1" if os.getpid() != 1 else "2"}
    done = subprocess.run([sys.executable, "-c", TIED + STEADY, pids], env=environment, check=False)
    assert done.returncode == -signal.SIGTERM
    assert not pids.exists()


@on_linux
def test_a_service_that_someone_else_started_outlives_them(tmp_path: Path) -> None:
    pids, gone = tmp_path / "pids", tmp_path / "gone"
    twice = "die_with_parent()\n"
    script = TIED + twice + NOTE + "note(sys.argv[1])\nwhile not os.path.exists(sys.argv[2]): time.sleep(0.02)\n"
    starter = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', *sys.argv[1:]])"
    environment = {name: value for name, value in os.environ.items() if name != "_MODERATION_PARENT"}
    command = [sys.executable, "-c", starter, script + "note(sys.argv[1])", str(pids), str(gone)]
    # The starter ends while what it started runs.
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    wait_until(lambda: len(numbers_in(pids)) == 1, "the service runs")
    gone.touch()
    wait_until(lambda: len(numbers_in(pids)) == 2, "the service ends by itself")
