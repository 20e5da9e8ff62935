"""Draws the curves as PNG files. matplotlib is an extra of its own: nothing but these pictures needs it."""

from pathlib import Path
from typing import Any

import numpy as np

from moderation.errors import ModerationError
from moderation.evaluating.calibration import bins
from moderation.evaluating.text_model import Numbers, Scored
from moderation.learning.evaluation import ALL


class NoPlotsError(ModerationError):
    """Pictures can't be drawn; the message says what is missing."""


def draw(scored: Scored, folder: Path) -> list[Path]:
    """Write roc.png, precision_recall.png and calibration.png, a line for each source that has spam and ham.

    Raises NoPlotsError without matplotlib.
    """
    figure_class = _figure_class()
    folder.mkdir(parents=True, exist_ok=True)
    groups = _groups(scored)
    drawings = {
        "roc.png": (_roc, "share of ham called spam", "share of spam caught"),
        "precision_recall.png": (_precision_recall, "share of spam caught", "spam among what is called spam"),
        "calibration.png": (_reliability, "probability", "share that is spam"),
    }
    written = []
    for name, (curve, across, up) in drawings.items():
        figure = figure_class(figsize=(7, 6), dpi=120, layout="constrained")
        axes = figure.add_subplot(xlabel=across, ylabel=up, ylim=(0, 1.02))
        for group, part in groups.items():
            xs, ys = curve(part)
            axes.plot(xs, ys, label=group, marker="o" if curve is _reliability else None)
        if curve is _roc:
            # What matters happens below 1 %.
            axes.set_xscale("symlog", linthresh=0.001)
        if curve is _reliability:
            axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
        axes.grid(visible=True, alpha=0.3)
        axes.legend(fontsize="small")
        figure.savefig(folder / name)
        written.append(folder / name)
    return written


def _figure_class() -> Any:
    try:
        # Without pyplot: no window, no state.
        from matplotlib.figure import Figure
    except ImportError:
        raise NoPlotsError(
            "Pictures need matplotlib, which is not installed here: pip install 'comment-moderation[plots]'"
        ) from None
    return Figure


def _groups(scored: Scored) -> dict[str, Scored]:
    sources = np.array([row.source for row in scored.rows])
    parts = {name: scored.where(sources == name) for name in sorted(set(sources.tolist()))} | {ALL: scored}
    return {name: part for name, part in parts.items() if len(part.spam) and len(part.ham)}


def _roc(part: Scored) -> tuple[Numbers, Numbers]:
    bounds = np.unique(part.probabilities)[::-1]
    return _share_from(part.ham, bounds), _share_from(part.spam, bounds)


def _precision_recall(part: Scored) -> tuple[Numbers, Numbers]:
    bounds = np.unique(part.spam)[::-1]
    true, false = (_share_from(kind, bounds) * len(kind) for kind in (part.spam, part.ham))
    return true / len(part.spam), true / (true + false)


def _reliability(part: Scored) -> tuple[Numbers, Numbers]:
    found = bins(part.probabilities, part.is_spam)
    return np.array([one.predicted for one in found]), np.array([one.observed for one in found])


def _share_from(probabilities: Numbers, bounds: Numbers) -> Numbers:
    """Give for each bound the share of probabilities that reach it."""
    below = np.searchsorted(np.sort(probabilities), bounds, "left")
    shares: Numbers = 1 - below / len(probabilities)
    return shares
