#!/bin/sh
# Run tools/audit.py on the locks, with pip-audit in an environment of its own: `tools/audit.sh requirements/run.lock ...`
set -eu
cd "$(dirname "$0")/.."
venv=.venv/audit
stamp=$(cksum <requirements/audit.lock)
if [ "$(cat "$venv/.made" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$venv"
    .venv/bin/python -m venv --without-pip "$venv"
    .venv/bin/python -m pip --python "$venv/bin/python" install --quiet --disable-pip-version-check \
        --require-hashes -r requirements/audit.lock
    echo "$stamp" >"$venv/.made"
fi
exec "$venv/bin/python" tools/audit.py "$@"
