"""The log: what becomes of the work when a line can't be written."""

import json
import os
import subprocess
import sys

import pytest

_SAYS = """
from moderation.log import configure, get_logger
configure("INFO", "test")
get_logger("test").info("said", comment="cm_1")
print("went on")
"""


@pytest.mark.parametrize("reader", ["a full disk", "nobody"])
def test_a_line_that_can_not_be_written_stops_nothing(reader: str) -> None:
    if reader == "nobody":
        reading, errors = os.pipe()
        os.close(reading)
    else:
        errors = os.open("/dev/full", os.O_WRONLY)
    try:
        command = [sys.executable, "-c", _SAYS]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=errors, text=True, timeout=60)
    finally:
        os.close(errors)
    assert (done.stdout, done.returncode) == ("went on\n", 0)


_ASKED_TWICE = """
from moderation.log import configure, get_logger
log = get_logger("test")
for process in ("first", "second"):
    configure("INFO", process)
    log.info("said")
"""


def test_a_logger_that_was_used_follows_what_is_configured_later() -> None:
    done = subprocess.run([sys.executable, "-c", _ASKED_TWICE], check=True, capture_output=True, text=True, timeout=60)
    assert [json.loads(line)["process"] for line in done.stderr.splitlines()] == ["first", "second"]


_GATHERS = """
from moderation.log import configure, gathered, get_logger
configure("INFO", "test")
log = get_logger("test")
with gathered():
    for number in range(40):
        with gathered():
            log.info("said", number=number, text="x" * 300)
    print("nothing yet", flush=True)
log.info("said", number=40)
"""


def test_lines_that_are_gathered_are_written_whole_and_in_order() -> None:
    reading, writing = os.pipe()
    done = subprocess.run([sys.executable, "-c", _GATHERS], check=True, stdout=writing, stderr=writing, timeout=60)
    os.close(writing)
    with os.fdopen(reading) as told:
        first, *lines = told.read().splitlines()
    assert first == "nothing yet"
    assert [json.loads(line)["number"] for line in lines] == list(range(41))
    assert done.returncode == 0
