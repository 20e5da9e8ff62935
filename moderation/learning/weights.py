"""The numbers a text model consists of, and the one file format they are kept in.

`training` makes them, `model` applies them. The file is an .npz that holds numbers and digests, no text of any
comment; it is loaded without pickle, and the same weights always give the same bytes.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.errors import ModerationError
from moderation.learning import features
from moderation.learning.rows import DIGEST_LENGTH

SHIPPED = Path(__file__).with_name("shipped.npz")

# The earliest time a zip file can hold: the real one would make equal weights different files.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class BadWeightsError(ModerationError):
    """A file of weights that is missing, damaged, or made for other features."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear model of `features`: z = scale * table[places] . values + sides . side features + bias.

    `table` is int8 with features.TABLE_SIZE entries. The calibrated probability is the logistic of slope * z + shift.
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

    def scores(self, of: features.Features) -> npt.NDArray[np.float64]:
        """Give z, not yet calibrated, for each text of a batch."""
        scores = self.scores_of_shape(of)
        if len(of.places):
            products = self.table[of.places] * of.values
            scores += self.scale * np.add.reduceat(products, of.starts[:-1], dtype=np.float64)
        return scores

    def scores_of_shape(self, of: features.Features) -> npt.NDArray[np.float64]:
        """Give what the side features add to z, the bias included."""
        return of.sides.astype(np.float64) @ self.sides.astype(np.float64) + self.bias

    def logits(self, of: features.Features) -> npt.NDArray[np.float64]:
        """Give the calibrated score of each text of a batch, whose logistic is the probability of spam."""
        return self.calibrated(self.scores(of))

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
            "trained_on": np.frombuffer(bytes.fromhex("".join(self.trained_on)), dtype=np.uint8),
        }
        write_columns(path, columns)


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
            digests = held["trained_on"].tobytes().hex()
    except FileNotFoundError as error:
        raise BadWeightsError(f"{path}: there are no weights here") from error
    except (OSError, ValueError, KeyError, IndexError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise BadWeightsError(f"{path}: these are no weights of a text model: {error}") from error
    fits = table.shape == (features.TABLE_SIZE,) and sides.shape == (features.SIDES,) and rest.shape == (4,)
    if made_for != features.VERSION or table.dtype != np.int8 or not fits:
        raise BadWeightsError(f"{path}: made for features of version {made_for}, this program has {features.VERSION}")
    scale, bias, slope, shift = (float(number) for number in rest)
    trained_on = tuple(digests[at : at + DIGEST_LENGTH] for at in range(0, len(digests), DIGEST_LENGTH))
    return Weights(table, sides.astype(np.float32), scale, bias, slope, shift, trained_on)
