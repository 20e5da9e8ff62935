"""Ask whether a pinned package has a known weakness: `python tools/audit.py LOCK...`, for `make audit`.

Exits with 1 for a weakness that requirements/audit.exceptions does not explain. Where nobody can be asked it says so,
by name and in capitals, and exits with 0, or with 1 where AUDIT=required is set.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_EXCEPTIONS = Path(__file__).parents[1] / "requirements" / "audit.exceptions"


def read_exceptions(text: str) -> dict[str, str]:
    """Return the reasons by id; raise ValueError for an exception that has none."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, reason = line.strip().partition(" ")
        if not name or name.startswith("#"):
            continue
        if not reason.strip():
            raise ValueError(f"{name} is let pass without a reason")
        found[name] = reason.strip()
    return found


def weaknesses(answer: Mapping[str, Any], exceptions: Mapping[str, str]) -> list[str]:
    """Return a line for each weakness that no exception explains."""
    return [
        f"{one['name']} {one['version']}: {weak['id']}, mended in {', '.join(weak['fix_versions']) or 'no version'}"
        for one in answer["dependencies"]
        for weak in one.get("vulns", ())
        if not {weak["id"], *weak.get("aliases", ())} & set(exceptions)
    ]


def unchecked(answer: Mapping[str, Any]) -> list[str]:
    """Return the packages that nobody could say anything about."""
    return [one["name"] for one in answer["dependencies"] if "skip_reason" in one]


def main(locks: list[str]) -> int:
    """Audit the locks; return the exit code."""
    exceptions = read_exceptions(_EXCEPTIONS.read_text())
    code = 0
    for lock in locks:
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
        done = subprocess.run(
            [*command, "--progress-spinner", "off", "-r", lock], capture_output=True, text=True, check=False
        )
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            reason = (done.stderr.strip().splitlines() or ["no answer"])[-1][:200]
            print(f"audit: {lock} was NOT CHECKED, the list of weaknesses can't be reached: {reason}")
            code = max(code, int(os.environ.get("AUDIT") == "required"))
            continue
        found, left_out = weaknesses(answer, exceptions), unchecked(answer)
        count = len(answer["dependencies"])
        print("\n".join([f"audit: {lock}: {count - len(left_out)} packages checked, {len(found)} weaknesses", *found]))
        if left_out:
            print(f"audit: {lock}: {len(left_out)} of {count} packages were NOT CHECKED, nothing is known of them here")
        code = max(code, int(bool(found) or (bool(left_out) and os.environ.get("AUDIT") == "required")))
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
