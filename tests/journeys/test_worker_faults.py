"""Workers that loop, leak, are told to stop, read a wrong clock, are two, are started anew, or of another release."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from celery import Celery

from moderation.settings import Settings
from moderation.tasks import DELIVER, DELIVER_QUEUE, QUEUES, SCREEN, SCREEN_QUEUE, SWEEP_COMMENTS
from tests.conftest import Receiver
from tests.journeys.faults import Faults, make_faults, python_path
from tests.journeys.load import assert_everything_once, load, wait_until_judged
from tests.journeys.program import Up, up
from tests.journeys.servers import answers, python_module, running
from tests.processes import free_port, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

PER_SECOND = 10

# What a filter of somebody's own may do wrong, asked for by a word in the comment.
FILTER = """
import pathlib, time
FOLDER = pathlib.Path(__file__).parent
LEAK = []
def bad(facts):
    if "loops" in facts.body:
        while True:
            time.sleep(0.01)
    if "stuck" in facts.body:
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                pass
    if "leaks" in facts.body:
        LEAK.append(b"x" * 80_000_000)
        with (FOLDER / "leaks").open("a") as file:
            file.write("leak\\n")
    if "slowly" in facts.body and (FOLDER / "slow").exists():
        (FOLDER / "begun").touch()
        while (FOLDER / "slow").exists():
            time.sleep(0.02)
    return ()
"""


@contextlib.contextmanager
def running_program(tmp_path: Path, **limits: object) -> Iterator[Up]:
    """Run the program with that filter, and these parts of Celery's configuration in place of its own."""
    code = make_faults(tmp_path / "code", celery=limits, shifts_clock=True).folder
    (code / "bad_filter.py").write_text(FILTER)
    with up(
        tmp_path / "var",
        free_port(),
        MODERATION_OUTBOUND_ALLOW="127.0.0.0/8",
        MODERATION_FILTERS="bad_filter:bad",
        MODERATION_SWEEP_SECONDS="1",
        PYTHONPATH=python_path(code),
    ) as one:
        one.wait_until_ready()
        yield one
        assert one.stop() == 0
        one.assert_nothing_is_left()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Up]:
    """Return the running program, with the limits that it has."""
    with running_program(tmp_path) as one:
        yield one


def _database(program: Up) -> str:
    return f"sqlite:///{program.folder / 'moderation.db'}"


def _key(program: Up) -> str:
    return str(program.credentials["site"]["secret_key"])


def _celery(program: Up) -> Celery:
    app = Celery(set_as_current=False)
    app.conf.update(Settings(data_dir=program.folder).celery())
    return app


def _signals(program: Up, comment_id: str) -> set[str]:
    return {signal["name"] for signal in program.comment(comment_id)["verdict"]["signals"]}


def test_a_filter_that_runs_out_of_time_holds_its_comment_and_no_other(tmp_path: Path, receiver: Receiver) -> None:
    with running_program(tmp_path, task_soft_time_limit=3, task_time_limit=6) as program:
        program.listen(receiver.url)
        with load(program.port, _key(program), PER_SECOND) as posting:
            bad = [program.post(f"It loops, {number}") for number in range(2)]
            posting.post_for(5)
        wait_until_judged(_database(program), [*bad, *posting.ids()], 300)
        assert all("FILTER_FAILED" in _signals(program, one) for one in bad)
        assert not [one for one in posting.ids() if "FILTER_FAILED" in _signals(program, one)]
        assert_everything_once(_database(program), receiver, [*bad, *posting.ids()])


def test_a_filter_that_does_not_even_end_when_told_to_is_ended_and_its_comment_held_unread(
    tmp_path: Path, receiver: Receiver
) -> None:
    with running_program(tmp_path, task_soft_time_limit=2, task_time_limit=4) as program:
        program.listen(receiver.url)
        with load(program.port, _key(program), PER_SECOND) as posting:
            bad = program.post("It is stuck")
            posting.post_for(3)
        # A comment is rung for once a minute, and given up after three tries.
        wait_until_judged(_database(program), [bad, *posting.ids()], 400)
        assert program.comment(bad)["status"] == "held"
        assert _signals(program, bad) == {"FILTER_FAILED"}
        assert_everything_once(_database(program), receiver, [bad, *posting.ids()])


def test_a_process_that_leaks_is_replaced_before_it_fills_the_memory(
    tmp_path: Path, program: Up, receiver: Receiver
) -> None:
    program.listen(receiver.url)
    [parent, *children] = program.child("worker", SCREEN_QUEUE)
    ids = []
    for number in range(24):
        ids.append(program.post(f"It leaks, {number}"))
        program.wait_until_judged(ids[-1])
    assert len((tmp_path / "code" / "leaks").read_text().splitlines()) >= 24
    assert parent.is_running()
    # Work goes to the first that is free, so one of them may have had none.
    assert not all(one.is_running() for one in children)
    assert_everything_once(_database(program), receiver, ids)


def test_a_worker_that_is_told_to_stop_finishes_what_it_began(tmp_path: Path, program: Up, receiver: Receiver) -> None:
    program.listen(receiver.url)
    (tmp_path / "code" / "slow").touch()
    slow = program.post("This is judged slowly")
    wait_until((tmp_path / "code" / "begun").exists, "somebody judges")
    [worker, *_] = program.child("worker", SCREEN_QUEUE)
    with load(program.port, _key(program), PER_SECOND) as posting:
        worker.send_signal(signal.SIGTERM)
        posting.post_for(3)
        assert worker.is_running()
        (tmp_path / "code" / "slow").unlink()
        wait_until(lambda: not worker.is_running(), "it ends")
        assert program.comment(slow)["status"] != "received"
        [deliverer, *_] = program.child("worker", DELIVER_QUEUE)
        deliverer.send_signal(signal.SIGTERM)
        posting.post_for(2)
    wait_until_judged(_database(program), posting.ids())
    assert_everything_once(_database(program), receiver, [slow, *posting.ids()])


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_the_clock_jumps(tmp_path: Path, program: Up, receiver: Receiver, seconds: float) -> None:
    program.listen(receiver.url)
    faults = Faults(tmp_path / "code")
    with load(program.port, _key(program), PER_SECOND) as posting:
        posting.post_for(2)
        faults.shift_clock(seconds)
        posting.post_for(2)
        # Bells of that time are lost, and what is owed says that it is due in an hour.
        for server in program.child("redis-server"):
            server.kill()
        posting.post_for(1)
        faults.shift_clock(0)
        posting.post_for(2)
        faults.shift_clock(seconds)
        posting.post_for(2)
    wait_until_judged(_database(program), posting.ids())
    assert_everything_once(_database(program), receiver, posting.ids())


def test_two_of_every_service(tmp_path: Path, program: Up, receiver: Receiver) -> None:
    program.listen(receiver.url)
    port = free_port()
    environment = {**program.environment, "MODERATION_PORT": str(port)}
    commands = [["serve"], ["beat"], *(["worker", "--queues", queue] for queue in QUEUES)]
    with contextlib.ExitStack() as stack:
        others = [
            stack.enter_context(
                running("-".join(words), [*python_module("moderation"), *words], tmp_path, environment=environment)
            )
            for words in commands
        ]
        others[0].wait_until(lambda: answers(port), "the second API listens")
        with load(program.port, _key(program), PER_SECOND) as one, load(port, _key(program), PER_SECOND) as two:
            two.post_for(15)
        ids = [*one.ids(), *two.ids()]
        wait_until_judged(_database(program), ids)
        for other in reversed(others):
            assert other.stop() == 0, other.said()[-3000:]
        judged_by_others = sum(said.said().count('"judged"') for said in others)
    assert_everything_once(_database(program), receiver, ids)
    assert judged_by_others > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_every_service_is_started_anew_in_turn_under_load(
    program: Up, receiver: Receiver, number: signal.Signals
) -> None:
    program.listen(receiver.url)
    services = set(_services(program))
    assert len(services) >= 4
    with load(program.port, _key(program), PER_SECOND) as posting:
        for service in services:
            posting.post_for(1)
            wait_until(lambda one=service: one in _services(program), "it runs")
            process = _services(program)[service]
            process.send_signal(number)
            wait_until(lambda one=service, old=process: _services(program).get(one, old) != old, "another runs")
            program.note_descendants()
        posting.post_for(2)
    assert set(posting.answers) <= {"202", "503", "lost"}
    wait_until_judged(_database(program), posting.ids())
    assert_everything_once(_database(program), receiver, posting.ids())


def _services(program: Up) -> dict[str, psutil.Process]:
    """Return the processes that `up` keeps running, by their last words."""
    found = {}
    for process in psutil.Process(program.process.pid).children():
        with contextlib.suppress(psutil.Error):
            found[" ".join(process.cmdline()[-3:])] = process
    return found


def test_messages_of_other_releases_harm_nobody(program: Up, receiver: Receiver) -> None:
    program.listen(receiver.url)
    app = _celery(program)
    workers = {one.pid for queue in QUEUES for one in program.child("worker", queue)}
    with load(program.port, _key(program), PER_SECOND) as posting:
        posting.post_for(2)
        ids = posting.ids()
        for queue in QUEUES:
            app.send_task("moderation.of_tomorrow", args=[ids], queue=queue)
            app.send_task("moderation.of_tomorrow", args=["?"], kwargs={"more": 1}, queue=queue)
        # A newer release tells more, an older one less; and the newest first.
        app.send_task(SCREEN, args=[ids[::-1], "more"], kwargs={"even": "more"})
        app.send_task(DELIVER, args=[["dl_unknown"]], kwargs={"even": "more"})
        app.send_task(SWEEP_COMMENTS, args=["more"])
        app.send_task(SCREEN)
        posting.post_for(3)
    app.close()
    wait_until_judged(_database(program), posting.ids())
    assert_everything_once(_database(program), receiver, posting.ids())
    assert {one.pid for queue in QUEUES for one in program.child("worker", queue)} == workers
