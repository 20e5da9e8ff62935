"""The log: what becomes of the work when a line can't be written."""

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
