"""Print what the program is made of as CycloneDX 1.6 JSON: `python tools/sbom.py requirements/run.lock >sbom.json`.

Read from the lock alone, so the same lock gives the same document. It names packages, never where they came from.
"""

import json
import re
import sys
import tomllib
import uuid
from pathlib import Path
from typing import Any

_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+?))?\s*\\?"
)
_VIA = re.compile(r"\s+#(?: via)?\s+(?P<name>[A-Za-z0-9._-]+)(?:\s.*)?")


def components(lock: str) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """Return the packages of a lock, and for each name which packages it needs."""
    found: list[dict[str, Any]] = []
    needs: dict[str, list[str]] = {}
    for line in lock.splitlines():
        if pin := _PIN.fullmatch(line):
            purl = f"pkg:pypi/{pin['name']}@{pin['version']}"
            one = {"type": "library", "bom-ref": purl, "name": pin["name"], "version": pin["version"], "purl": purl}
            if pin["marker"]:
                one["properties"] = [{"name": "environment-marker", "value": pin["marker"].strip()}]
            found.append(one)
        elif found and (via := _VIA.fullmatch(line)) and via["name"] != "via":
            needs.setdefault(via["name"], []).append(found[-1]["bom-ref"])
    return found, needs


def document(lock: str, project: dict[str, Any]) -> dict[str, Any]:
    """Return the bill of materials of the project with this lock."""
    found, needs = components(lock)
    name, version = project["name"], project["version"]
    ref = f"pkg:pypi/{name}@{version}"
    own = {"type": "application", "bom-ref": ref, "name": name, "version": version, "purl": ref}
    own["licenses"] = [{"license": {"id": project["license"]}}]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, ref + lock)}",
        "version": 1,
        "metadata": {"component": own},
        "components": found,
        "dependencies": [
            {"ref": one["bom-ref"], "dependsOn": sorted(needs.get(one["name"], ()))} for one in [own, *found]
        ],
    }


if __name__ == "__main__":
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    print(json.dumps(document(Path(sys.argv[1]).read_text(), project), indent=2))
