#!/bin/sh
# Pin every dependency with its hashes, for Python 3.11 to 3.13 and every platform; the files name no index.
set -eu
cd "$(dirname "$0")/.."
command -v uv >/dev/null || {
    echo "lock: this needs uv, once: pip install uv" >&2
    exit 1
}
compile() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --upgrade pyproject.toml "$@"
}
compile --output-file requirements/run.lock
for one in redis fuzz; do
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
        --no-emit-find-links --no-deps --upgrade --output-file requirements/$one.lock requirements/$one.in
done
uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
    --no-emit-find-links --upgrade --output-file requirements/audit.lock requirements/audit.in
compile --extra dev --output-file requirements/dev.lock
