"""Look with atheris for a text that breaks a property, for a while: `python -m tests.fuzz.run --seconds 60`.

Ends with an error and the text when one is found. Without atheris, which has wheels for Linux alone, nothing is tried:
that is said, and is an error where `CI` is set.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

try:
    import atheris
except ImportError:
    version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    sys.stderr.write(f"fuzz: there is no atheris for {version} on {sys.platform}: nothing was tried\n")
    sys.exit(1 if os.environ.get("CI") else 0)

with atheris.instrument_imports(include=["moderation"]):
    from tests.fuzz.properties import PROPERTIES
from tests.fuzz.pieces import PIECES

# From here on a byte is the first of three that name a code point.
_CODE_POINT = len(PIECES)
_HIGHEST = 0x10FFFF
# Bytes: some hundred pieces.
_LONGEST = 300


def text_of(data: bytes) -> str:
    """Read bytes as pieces and code points, so that a changed byte changes a piece and not an encoding."""
    written: list[str] = []
    at = 0
    while at < len(data):
        if data[at] < _CODE_POINT:
            written.append(PIECES[data[at]])
            at += 1
        else:
            written.append(chr(int.from_bytes(data[at + 1 : at + 4]) % (_HIGHEST + 1)))
            at += 4
    return "".join(written)


def try_all(data: bytes) -> None:
    """Ask every property of one text."""
    text = text_of(data)
    for holds in PROPERTIES:
        try:
            holds(text)
        except BaseException:
            sys.stderr.write(f"fuzz: {holds.__name__} does not hold for {text!a}\n")
            raise


def main() -> None:
    """Try texts until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, help="keep and reuse what reached new code (default: a new folder)")
    given = parser.parse_args()
    corpus = given.corpus or Path(tempfile.mkdtemp(prefix="fuzz-corpus-"))
    corpus.mkdir(parents=True, exist_ok=True)
    for number in range(len(PIECES)):
        (corpus / f"piece-{number}").write_bytes(bytes([number]))
    options = [
        f"-max_total_time={given.seconds}",
        f"-max_len={_LONGEST}",
        "-len_control=0",
        "-timeout=60",
        "-rss_limit_mb=2048",
    ]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={corpus}/", "-print_final_stats=1", str(corpus)], try_all)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
