"""The numbers a text model consists of, and the one file format they are kept in.

`training` makes them, `model` applies them. The file is an .npz that holds numbers and digests, no text of any
comment; it is loaded without pickle, and the same weights always give the same bytes.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.errors import ModerationError
from moderation.learning import features
from moderation.learning.rows import DIGEST_LENGTH

ENTRIES = features.TABLE_SIZE + features.MANNERS
SHIPPED = Path(__file__).with_name("shipped.npz")

# The earliest time a zip file can hold: the real one would make equal weights different files.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class BadWeightsError(ModerationError):
    """A file of weights that is missing, damaged, or made for other features."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear model of `features`: z = scale * table[places] . values + sides . side features + bias.

    `table` is int8 with `ENTRIES`: those of the n-grams, then those of how a comment is written. The calibrated
    probability is the logistic of slope * z + shift.
    """

    table: npt.NDArray[np.int8]
    sides: npt.NDArray[np.float32]
    scale: float
    bias: float
    slope: float
    shift: float
    # `rows.digest_of` each file that these weights were trained on.
    trained_on: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """Name these weights by the features they need and a digest of their numbers."""
        digest = hashlib.blake2b(digest_size=6)
        for numbers in (self.table, self.sides, self._rest()):
            digest.update(numbers.tobytes())
        return f"{features.VERSION}-{digest.hexdigest()}"

    def _rest(self) -> npt.NDArray[np.float64]:
        return np.array([self.scale, self.bias, self.slope, self.shift], dtype="<f8")

    def scores_of_words(self, of: features.Features) -> npt.NDArray[np.float64]:
        """Give what the n-grams of each text of a batch add to z."""
        if not len(of.places):
            return np.zeros(len(of.sides))
        products = self.table[of.places] * of.values
        return self.scale * np.add.reduceat(products, of.starts[:-1], dtype=np.float64)

    def scores_of_shape(self, of: features.Reading) -> npt.NDArray[np.float64]:
        """Give what the side features and the way of writing add to z, the bias included."""
        scores: npt.NDArray[np.float64] = (
            of.features.sides.astype(np.float64) @ self.sides.astype(np.float64) + self.bias
        )
        if len(of.manners):
            manner = self.table[features.TABLE_SIZE :]
            sums = np.add.reduceat(manner[of.manners], of.manner_starts[:-1], dtype=np.float64)
            scores += self.scale * features.manner_values(of.manner_starts) * sums
        return scores

    def calibrated(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Make logits of scores."""
        return self.slope * scores + self.shift

    def save(self, path: Path) -> None:
        """Write the weights; equal weights give equal bytes."""
        columns: dict[str, npt.NDArray[Any]] = {
            "features": np.array([features.VERSION], dtype="<i4"),
            "table": self.table,
            "sides": self.sides.astype("<f4"),
            "rest": self._rest(),
            "trained_on": digests_column(self.trained_on),
        }
        write_columns(path, columns)


def digests_column(digests: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Make a column of `rows.digest_of` files."""
    return np.frombuffer(bytes.fromhex("".join(digests)), dtype=np.uint8)


def digests_of_column(column: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    """Read what `digests_column` made."""
    digests = column.tobytes().hex()
    return tuple(digests[at : at + DIGEST_LENGTH] for at in range(0, len(digests), DIGEST_LENGTH))


def write_columns(path: Path, columns: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays as an .npz; equal arrays give equal bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, column in columns.items():
            held = io.BytesIO()
            np.lib.format.write_array(held, column, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, held.getvalue(), compresslevel=9)


def load_weights(path: Path | None = None) -> Weights:
    """Read weights from a file, or the ones shipped with the program. Raises BadWeightsError."""
    path = path or SHIPPED
    try:
        # Opened here, since numpy leaves a file open that it cannot read.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            made_for = int(held["features"][0])
            table, sides, rest = held["table"], held["sides"], held["rest"]
            trained_on = digests_of_column(held["trained_on"])
    except FileNotFoundError as error:
        raise BadWeightsError(f"{path}: there are no weights here") from error
    except (OSError, ValueError, KeyError, IndexError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise BadWeightsError(f"{path}: these are no weights of a text model: {error}") from error
    fits = table.shape == (ENTRIES,) and sides.shape == (features.SIDES,) and rest.shape == (4,)
    if made_for != features.VERSION or table.dtype != np.int8 or not fits:
        raise BadWeightsError(f"{path}: made for features of version {made_for}, this program has {features.VERSION}")
    scale, bias, slope, shift = (float(number) for number in rest)
    return Weights(table, sides.astype(np.float32), scale, bias, slope, shift, trained_on)
