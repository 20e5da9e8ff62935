"""One `up` at a time on one folder, and a folder that nobody else reads."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from moderation.data_folder import FolderError, hold

HOLDER = """
import os, sys, time
from pathlib import Path
from moderation.data_folder import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_up_on_the_same_folder_says_so(tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(FolderError, match=rf"already \(process {os.getpid()}\)"), hold(tmp_path):
        pass


def test_two_folders_do_not_mind_each_other(tmp_path: Path) -> None:
    with hold(tmp_path / "one"), hold(tmp_path / "two"):
        pass


def test_a_folder_may_be_held_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with hold(tmp_path) as was_killed:
            assert not was_killed


def test_a_folder_is_made_for_us_alone(tmp_path: Path) -> None:
    with hold(tmp_path / "deep" / "var"):
        assert stat.S_IMODE((tmp_path / "deep" / "var").stat().st_mode) == 0o700


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    with hold(tmp_path):
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750


def test_a_killed_holder_lets_go_and_is_told_of(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(FolderError, match=str(holder.pid)), hold(tmp_path):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with hold(tmp_path) as was_killed:
        assert was_killed


def test_a_folder_that_can_not_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match="can't be used as MODERATION_DATA_DIR"), hold(tmp_path / "file" / "var"):
        pass
