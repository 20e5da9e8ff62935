"""The whole set, and each service of the compose file, where nothing but what they are given can be written to."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import ROOT, Receiver
from tests.journeys.compose import Machine
from tests.journeys.program import up
from tests.journeys.servers import need
from tests.journeys.test_compose import COMMENT, Client, stop_in_order, the_set
from tests.processes import free_port, wait_until

# Run in a mount namespace of its own: $1 stays as it is, the system's own file systems do, and all else is made
# read-only. No file says so to the program: the kernel refuses.
_READ_ONLY = """
set -e
mount --bind "$1" "$1"
while read -r _ _ _ _ place _; do
    case "$place" in
        "$1" | /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) ;;
        *) mount -o remount,bind,ro "$place" ;;
    esac
done </proc/self/mountinfo
shift
exec "$@"
"""


def _read_only_but(folder: Path) -> Sequence[str]:
    """Return what a command is put behind to run so; skip the test where the machine lets nobody do that."""
    unshare = need("unshare", "util-linux")
    shell = ["sh", "-c", _READ_ONLY, "read-only", str(folder)]
    for options in (["--mount"], ["--user", "--map-root-user", "--mount"]):
        command = [unshare, *options, "--propagation", "private", *shell]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    pytest.skip("unshare: this machine lets nobody mount anything, not even in a namespace of their own")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_everything_runs_on_a_read_only_root(tmp_path: Path) -> None:
    folder = tmp_path / "writable"
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    behind = _read_only_but(folder)
    for place in (ROOT, tmp_path, Path.home(), Path("/var/tmp"), Path("/tmp")):
        refused = subprocess.run(
            [*behind, "touch", str(place / "by-test")], capture_output=True, text=True, check=False
        )
        assert "Read-only file system" in refused.stderr, place
    subprocess.run([*behind, "touch", str(temporary / "by-test")], check=True)
    with up(folder / "data", free_port(), behind=behind, TMPDIR=str(temporary)) as one:
        one.wait_until_ready()
        comment_id = one.post("Read this twice, and it stays true.")
        one.wait_until_judged(comment_id)
        # The decision is learned by a worker.
        version = one.comment(comment_id)["version"]
        token = one.credentials["moderator_token"]
        decision = {"action": "spam", "version": version}
        assert one.call("POST", f"/v1/comments/{comment_id}/decision", decision, key=token)[0] == 200
        assert one.stop() == 0
    said = one.errors.read_text()
    assert "Read-only" not in said
    assert "Traceback" not in said


@pytest.mark.long
@pytest.mark.timeout(600)
def test_each_service_of_the_compose_file_runs_on_a_read_only_root(tmp_path: Path, receiver: Receiver) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    behind = [*_read_only_but(temporary), "env", f"TMPDIR={temporary}"]
    machine = Machine(tmp_path, {"MODERATION_OUTBOUND_ALLOW": "127.0.0.0/8"}, behind)
    # What stands in for a container is what the file asks for.
    ours = [service for service in machine.services.values() if "build" in service]
    assert len(ours) > 4
    assert all(service["read_only"] and service["tmpfs"] == ["/tmp"] for service in ours)
    assert not any(service.get("volumes") for service in ours)
    machine.make_secrets()
    with the_set(machine) as started:
        site = machine.execute("api", "site", "add", "Daily News")
        machine.execute("api", "endpoint", "add", "--site", site["id"], "--url", receiver.url)
        with Client(machine.environment_of("api")["MODERATION_BASE_URL"], site["secret_key"]) as client:
            posted = client.post(COMMENT)["id"]
            wait_until(lambda: client.get(f"/v1/comments/{posted}")[1]["status"] != "received", "it is judged")
            wait_until(lambda: client.get("/readyz")[0] == 200, "all are ready")
        receiver.wait_for(1)
        stop_in_order(machine, started)
        said = "".join(one.said() for one in started.values())
    assert "Read-only" not in said
    assert "Traceback" not in said
