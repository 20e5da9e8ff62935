#!/bin/sh
# Make .venv and install the locked dependencies into it: `tools/setup.sh run` or `tools/setup.sh dev`.
# Safe to repeat from any state: a stamp says what was installed, and a broken or moved .venv is made anew.
set -eu
cd "$(dirname "$0")/.."
wanted=${1:-run}
venv=.venv
here=$(pwd)
stamp=$(cat requirements/run.lock requirements/dev.lock pyproject.toml tools/setup.sh | cksum)

holds() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
suits() { "$1" -c 'import sys, venv; raise SystemExit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
        if [ -n "$candidate" ] && suits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "setup: no Python 3.11 or newer with its venv module was found; name one: make $wanted PYTHON=/path/to/python3" >&2
    exit 1
}

make_venv() {
    rm -rf "$venv"
    "$python" -m venv "$venv" 2>/dev/null && return
    # Debian splits ensurepip off; a pip that is there anyway can serve the new environment.
    rm -rf "$venv"
    "$python" -m venv --without-pip "$venv"
    "$python" -m pip --python "$venv/bin/python" install --quiet pip || {
        rm -rf "$venv"
        echo "setup: $python has neither ensurepip nor pip; on Debian: apt-get install python3-venv" >&2
        exit 1
    }
}

# Scripts in a venv name their folder, so a moved checkout needs a new one.
sound() { holds "$venv/.place" "$here" && "$venv/bin/python" -c 'import pip' 2>/dev/null; }

if sound && { holds "$venv/.$wanted" "$stamp" || holds "$venv/.dev" "$stamp"; }; then
    exit 0
fi
if ! sound; then
    python=$(find_python)
    make_venv
    echo "$here" >"$venv/.place"
fi
echo "setup: installing the pinned dependencies into $venv ($("$venv/bin/python" --version)); the first time takes a minute or two"
rm -f "$venv/.run" "$venv/.dev"
pip="$venv/bin/python -m pip install --quiet --disable-pip-version-check"
$pip --require-hashes -r "requirements/$wanted.lock"
$pip --no-deps --no-build-isolation --editable .
echo "$stamp" >"$venv/.$wanted"
