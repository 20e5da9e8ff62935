"""The document against the running program: every corner of its schemas, and requests that follow from each other."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.program import up
from tests.processes import free_port

# What a schema can't say makes the others complain (tests/api/test_document.py has them all, and says why not here).
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "missing_required_header",
    "unsupported_method",
    "use_after_free",
    "ensure_resource_availability",
)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_nothing_in_the_document_is_answered_otherwise(tmp_path: Path) -> None:
    with up(tmp_path / "var", free_port(), MODERATION_LOG_LEVEL="WARNING", MODERATION_LIMIT_KEY="off") as one:
        one.wait_until_ready()
        site = one.credentials["site"]
        failed = {}
        for name, key in (("admin", one.credentials["admin_token"]), ("site", site["secret_key"])):
            done = subprocess.run(
                [
                    *(str(Path(sys.executable).with_name("st")), "run", f"http://127.0.0.1:{one.port}/openapi.json"),
                    *("--phases", "coverage,stateful", "--max-examples", "20", "--seed", "20"),
                    *("--checks", ",".join(CHECKS), "--header", f"Authorization: Bearer {key}"),
                    # It says 503 while a part is unwell, and takes seconds to look.
                    *("--exclude-path", "/readyz", "--suppress-health-check", "all", "--continue-on-failure"),
                    *("--request-timeout", "60", "--no-color"),
                ],
                check=False,
                capture_output=True,
                text=True,
                cwd=tmp_path,
            )
            if done.returncode != 0:
                failed[name] = done.stdout[-5000:]
        assert failed == {}
        assert one.stop() == 0
    assert "Traceback" not in one.errors.read_text()
