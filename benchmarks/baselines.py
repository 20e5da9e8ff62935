"""What the filter set is compared with: each named, trained on the same comments, timed in the same run.

scikit-learn, bogofilter and SpamAssassin are compared with where they are installed; the plain-Python baseline is
always there.
"""

import resource
import shutil
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.comments import Row

_PLACES = 1 << 18
_BATCHES = (100, 1)
# SpamAssassin takes a thousand times as long as others: it learns from and checks so many.
_LEARNED_SLOWLY, _CHECKED_SLOWLY = 400, 30


@dataclass(frozen=True, slots=True)
class Baseline:
    """A filter to compare with, and the batch sizes that it is timed in."""

    name: str
    sizes: tuple[int, ...]
    per_comment: Callable[[Sequence[Row], int], float]


def baselines(rows: Sequence[Row]) -> tuple[list[Baseline], list[str]]:
    """Train what is here; return it, and the names of what is not."""
    found = [_plain_python(rows)]
    absent = []
    for name, make in (
        ("scikit-learn", _scikit_learn),
        ("bogofilter", _bogofilter),
        ("SpamAssassin", _spamassassin),
    ):
        made = make(rows)
        if made is None:
            absent.append(name)
        else:
            found.append(made)
    return found, absent


def _timed(score: Callable[[list[str]], object]) -> Callable[[Sequence[Row], int], float]:
    def per_comment(rows: Sequence[Row], size: int) -> float:
        start = time.process_time()
        for at in range(0, len(rows), size):
            score([row.body for row in rows[at : at + size]])
        return (time.process_time() - start) / len(rows) * 1e6

    return per_comment


def _plain_python(rows: Sequence[Row]) -> Baseline:
    """Sum the weights of hashed character n-grams (2 to 5): the model alone, as one would write it first."""
    weights = [0.0] * _PLACES

    def places(text: str) -> set[int]:
        text = text.lower()
        return {
            zlib.crc32(text[at : at + length].encode("utf-8", "replace")) % _PLACES
            for length in range(2, 6)
            for at in range(len(text) - length + 1)
        }

    for row in rows:
        for place in places(row.body):
            weights[place] += 1.0 if row.is_spam else -1.0
    return Baseline(
        "plain Python, character n-grams",
        _BATCHES,
        _timed(lambda texts: [sum(map(weights.__getitem__, places(text))) for text in texts]),
    )


def _scikit_learn(rows: Sequence[Row]) -> Baseline | None:
    """Return a linear model over hashed character n-grams (2 to 5) of words: the model alone, no other signal."""
    try:
        from sklearn.feature_extraction.text import HashingVectorizer
        from sklearn.linear_model import SGDClassifier
    except ImportError:
        return None
    vectorizer = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5), n_features=_PLACES)
    model = SGDClassifier(loss="log_loss", random_state=1)
    model.fit(vectorizer.transform([row.body for row in rows]), [row.is_spam for row in rows])
    return Baseline(
        "scikit-learn, HashingVectorizer and linear model",
        _BATCHES,
        _timed(lambda texts: model.decision_function(vectorizer.transform(texts))),
    )


def _bogofilter(rows: Sequence[Row]) -> Baseline | None:
    """Return bogofilter in bulk mode: words alone, one process for all comments, its start included."""
    program = shutil.which("bogofilter")
    if program is None:
        return None
    kept = tempfile.TemporaryDirectory(prefix="bench-bogofilter-")
    folder = Path(kept.name)
    words = folder / "words"
    words.mkdir()
    files = _as_mails(folder, rows)
    for is_spam, option in ((True, "-s"), (False, "-n")):
        names = "".join(f"{file}\n" for file, row in files if row.is_spam == is_spam)
        subprocess.run([program, "-d", words, option, "-b"], input=names, text=True, check=False, capture_output=True)

    def per_comment(asked: Sequence[Row], _size: int) -> float:
        names = "".join(f"{file}\n" for file, _ in files[: len(asked)])
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([program, "-d", words, "-T", "-b"], input=names, text=True, check=False, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert kept.name
        return ((after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)) / len(asked) * 1e6

    return Baseline("bogofilter, all in one process", (100,), per_comment)


def _spamassassin(rows: Sequence[Row]) -> Baseline | None:
    """Return SpamAssassin's library with all of its local rules and its Bayes, its start not included."""
    perl = shutil.which("perl")
    if perl is None or shutil.which("spamassassin") is None:
        return None
    kept = tempfile.TemporaryDirectory(prefix="bench-spamassassin-")
    folder = Path(kept.name)
    files = _as_mails(folder, rows[:_LEARNED_SLOWLY])

    def run(do: str, names: Sequence[str]) -> str:
        told = "".join(f"{name}\n" for name in names)
        command = [perl, str(Path(__file__).with_name("spamassassin.pl")), do, kept.name]
        return subprocess.run(command, input=told, text=True, check=True, capture_output=True).stdout

    run("learn", [f"{'spam' if row.is_spam else 'ham'} {file}" for file, row in files])

    def per_comment(_asked: Sequence[Row], _size: int) -> float:
        seconds, _hits = run("check", [str(file) for file, _ in files[:_CHECKED_SLOWLY]]).split()
        return float(seconds) / _CHECKED_SLOWLY * 1e6

    return Baseline("SpamAssassin, local rules and Bayes, its start not counted", (100,), per_comment)


def _as_mails(folder: Path, rows: Sequence[Row]) -> list[tuple[Path, Row]]:
    files = []
    for number, row in enumerate(rows):
        file = folder / f"{number}.txt"
        file.write_text(f"Subject: comment\n\n{row.body}\n", encoding="utf-8", errors="replace")
        files.append((file, row))
    return files
