"""Draw docs/dashboard.png: the Grafana dashboard of a set that has a bad quarter of an hour, told in five minutes.

Runs `moderation up` and a Prometheus that reads it, lets what `dashboard_story` tells happen, asks Prometheus what the
dashboard asks, and draws the answers where Grafana would. It is drawn by matplotlib, and no picture of Grafana.
"""

import argparse
import json
import re
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tests.conftest import receiving
from tests.journeys.program import up
from tests.journeys.servers import need, running
from tests.processes import free_port, wait_until
from tools.dashboard import document
from tools.dashboard_story import tell

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "dashboard.png"
_SCRAPE = "2s"
# As Grafana does: four scrapes.
_RATE_INTERVAL = "8s"
_STEP_SECONDS = 2
_COLUMNS = 24
# Of the whole, and of one unit of height on the dashboard.
_WIDTH_INCHES, _HEIGHT_INCHES = 17.0, 0.36
# Rows of names below a graph.
_MOST_ROWS = 4
_LINES = ("#73bf69", "#f2cc0c", "#5794f2", "#ff780a", "#b877d9", "#f2495c", "#8ab8ff", "#96d98d", "#ffb357", "#ca95e5")
_STATES = {"green": "#73bf69", "yellow": "#fade2a", "red": "#f2495c"}
_BEHIND, _PANEL, _TEXT, _FAINT = "#111217", "#181b1f", "#ccccdc", "#2c3235"


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a graph: when, in seconds since 1970, and how much."""

    name: str
    times: Sequence[float]
    values: Sequence[float]


def main() -> None:
    """Run the set and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="that each of the five parts of the story takes")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    asked = parser.parse_args()
    settings = {"MODERATION_OUTBOUND_ALLOW": "127.0.0.0/8", "MODERATION_LOG_LEVEL": "ERROR"}
    settings["MODERATION_LIMIT_KEY"] = "300/60"
    with tempfile.TemporaryDirectory(prefix="moderation-picture-") as name, receiving() as receiver:
        folder, port = Path(name), free_port()
        with up(folder / "var", port, **settings) as service:
            service.wait_until_ready()
            service.listen(receiver.url)
            with _prometheus(folder, port) as prometheus:
                began = time.time()
                tell(service, receiver, asked.seconds)
                draw(_read(prometheus, began, time.time()), asked.picture)
            service.stop()


@contextmanager
def _prometheus(folder: Path, port: int) -> Iterator[int]:
    """Run a Prometheus that reads the service on this port; yield its own."""
    own, config = free_port(), folder / "prometheus.yml"
    content = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text()
    content = content.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("15s", _SCRAPE)
    config.write_text(content.replace("rule_files: [alerts.yml]", ""))
    command = [need("prometheus", "prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with running("prometheus", [*command, f"--web.listen-address=127.0.0.1:{own}"], folder):
        wait_until(lambda: _has_read(own), "Prometheus has read the service", seconds=60)
        yield own


def _has_read(port: int) -> bool:
    try:
        return bool(_ask(port, "query", query="moderation_up")["result"])
    except OSError:
        # Not there yet.
        return False


def _ask(port: int, path: str, **parameters: str) -> Any:
    url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=30) as response:
        return json.loads(response.read())["data"]


def _read(port: int, began: float, ended: float) -> list[tuple[Mapping[str, Any], list[Series]]]:
    """Return every panel of the dashboard with what Prometheus answers to it."""
    span = {"start": str(began), "end": str(ended), "step": str(_STEP_SECONDS)}
    found = []
    for panel in document()["panels"]:
        lines = []
        for target in panel.get("targets", ()):
            query = target["expr"].replace("$__rate_interval", _RATE_INTERVAL)
            for one in _ask(port, "query_range", query=query, **span)["result"]:
                times, values = zip(*((float(at), float(value)) for at, value in one["values"]), strict=True)
                lines.append(Series(legend(target["legendFormat"], one["metric"]), times, values))
        found.append((panel, lines))
    return found


def legend(template: str, labels: Mapping[str, str]) -> str:
    """Return the name of a line as Grafana makes it: `{{label}}` stands for its value."""
    return re.sub(r"{{\s*(\w+)\s*}}", lambda name: labels.get(name[1], ""), template)


def amount(value: float, unit: str) -> str:
    """Return a value with its unit, as short as a person would say it."""
    if unit == "percentunit":
        return f"{value:.0%}"
    if unit == "s":
        if value == 0:
            return "0 s"
        return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s" if value < 90 else f"{value / 60:.3g} min"  # noqa: PLR2004
    return f"{value / 1e3:.3g} K" if abs(value) >= 1e3 else f"{value:.3g}"  # noqa: PLR2004


def draw(panels: Sequence[tuple[Mapping[str, Any], Sequence[Series]]], path: Path) -> None:
    """Draw the panels where they stand on the dashboard."""
    mpl.rcParams |= {"font.family": "DejaVu Sans", "font.size": 8, "text.color": _TEXT, "axes.edgecolor": _FAINT}
    mpl.rcParams |= {"xtick.color": _TEXT, "ytick.color": _TEXT, "axes.facecolor": _PANEL}
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel, _ in panels)
    figure = Figure((_WIDTH_INCHES, height * _HEIGHT_INCHES), facecolor=_BEHIND)
    began = min(one.times[0] for _, lines in panels for one in lines)
    for panel, lines in panels:
        place = panel["gridPos"]
        box = (place["x"] / _COLUMNS, 1 - (place["y"] + place["h"]) / height, place["w"] / _COLUMNS)
        if panel["type"] == "row":
            figure.text(box[0] + 0.004, box[1] + 0.3 / height, panel["title"], fontsize=10, weight="bold")
            continue
        _box(figure, (*box, place["h"] / height))
        rises = place["h"] / height
        figure.text(box[0] + 0.008, box[1] + rises - 0.75 / height, panel["title"], fontsize=8.5, weight="bold")
        if panel["type"] == "stat":
            _figure(figure, box, rises, panel, lines)
        else:
            # Room for the title above, for the times and the names below.
            inside = (box[0] + 0.034, box[1] + 2.1 / height, box[2] - 0.044, rises - 3.3 / height)
            _graph(figure.add_axes(inside), panel, lines, began)
    figure.savefig(path, dpi=90, facecolor=_BEHIND)


def _box(figure: Figure, box: tuple[float, float, float, float]) -> None:
    x, y, width, height = box
    axes = figure.add_axes((x + 0.002, y + 0.0015, width - 0.004, height - 0.003))
    axes.set(xticks=[], yticks=[])


def _figure(
    figure: Figure, box: tuple[float, float, float], rises: float, panel: Mapping[str, Any], lines: Sequence[Series]
) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    value = lines[0].values[-1] if lines else None
    steps = defaults.get("thresholds", {"steps": [{"color": "green", "value": None}]})["steps"]
    reached = [
        step["color"] for step in steps if step["value"] is None or (value is not None and value >= step["value"])
    ]
    text = "No data" if value is None else amount(value, defaults["unit"])
    x, y = box[0] + box[2] / 2, box[1] + rises * 0.4
    figure.text(x, y, text, fontsize=26, color=_STATES[reached[-1]], ha="center", va="center")


def _graph(axes: Axes, panel: Mapping[str, Any], lines: Sequence[Series], began: float) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    axes.grid(color=_FAINT, linewidth=0.6)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=7)
    # Of seconds, minutes.
    steps = [1, 1.5, 2, 3, 6, 10] if defaults["unit"] == "s" else None
    axes.yaxis.set_major_locator(MaxNLocator(5, min_n_ticks=3, steps=steps))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value, defaults["unit"])))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: f"{int(seconds) // 60}:{int(seconds) % 60:02}"))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 3, 6]))
    if not any(value == value for one in lines for value in one.values):  # noqa: PLR0124 - not a number
        axes.text(0.5, 0.5, "No data", transform=axes.transAxes, ha="center", va="center", fontsize=10)
        axes.set(xticks=[], yticks=[])
        return
    for color, one in zip(_LINES * len(lines), lines, strict=False):
        times = [at - began for at in one.times]
        axes.plot(times, one.values, color=color, linewidth=1.3, label=one.name)
        axes.fill_between(times, one.values, color=color, alpha=0.08)
    if defaults.get("min") == 0:
        axes.set_ylim(bottom=0, top=None if axes.get_ylim()[1] > 0 else 1)
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(-0.15, -0.1),
        ncols=max(-(-len(lines) // _MOST_ROWS), min(4, 70 // max(len(one.name) + 5 for one in lines))),
        fontsize=6 if len(lines) < 3 * _MOST_ROWS else 5.4,
        frameon=False,
        handlelength=1,
        columnspacing=0.8,
        borderaxespad=0.2,
        labelspacing=0.25,
    )


if __name__ == "__main__":
    main()
