"""Write deploy/grafana/dashboard.json, which Grafana imports, from the list of its panels: `make docs`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = Path(__file__).parents[1] / "deploy" / "grafana" / "dashboard.json"

_SOURCE = {"type": "prometheus", "uid": "${source}"}
_REQUESTS = "moderation_http_request_seconds"
_SPAM = 'action=~"spam|discard"'


@dataclass(frozen=True, slots=True)
class Panel:
    """A figure or a graph: what it asks, and how each answer is called."""

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    is_figure: bool = False
    # From which value on a figure is yellow, and red.
    bounds: tuple[float, float] | None = None
    help: str = ""
    may_be_negative: bool = False


def _quantiles(metric: str) -> tuple[tuple[str, str], ...]:
    rate = f"sum by (le) (rate({metric}_bucket[$__rate_interval]))"
    return tuple((f"histogram_quantile({share}, {rate})", f"p{share * 100:.0f}") for share in (0.5, 0.99))


def _share(part: str, whole: str, change: str = "rate") -> str:
    return f"sum by (site) ({change}({part}[30m])) / sum by (site) ({change}({whole}[30m]))"


ROWS: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    (
        "Now",
        (
            Panel(
                "Oldest without a verdict",
                (("max(moderation_oldest_received_seconds)", ""),),
                "s",
                is_figure=True,
                bounds=(30, 120),
            ),
            Panel(
                "Without a verdict",
                (('max(moderation_waiting{kind="received"})', ""),),
                is_figure=True,
                bounds=(500, 5000),
            ),
            Panel(
                "Held for people", (('max(moderation_waiting{kind="held"})', ""),), is_figure=True, bounds=(100, 1000)
            ),
            Panel(
                "Oldest message due",
                (("max(moderation_oldest_delivery_due_seconds)", ""),),
                "s",
                is_figure=True,
                bounds=(60, 300),
            ),
            Panel(
                "Dead letters", (('max(moderation_waiting{kind="dead_letter"})', ""),), is_figure=True, bounds=(1, 100)
            ),
            Panel(
                "Parts that do not answer",
                (("sum(1 - moderation_up)", ""),),
                is_figure=True,
                bounds=(1, 1),
                help="Of database, broker, Redis, and the replica where there is one.",
            ),
        ),
    ),
    (
        "Comments",
        (
            Panel(
                "Verdicts per second",
                (("sum by (action) (rate(moderation_verdicts_total[$__rate_interval]))", "{{action}}"),),
            ),
            Panel(
                "Spam among the verdicts",
                ((_share(f"moderation_verdicts_total{{{_SPAM}}}", "moderation_verdicts_total"), "{{site}}"),),
                "percentunit",
            ),
            Panel("From acceptance to verdict", _quantiles("moderation_verdict_seconds"), "s"),
            Panel("Comments judged together", _quantiles("moderation_screen_batch_comments")),
        ),
    ),
    (
        "Filter",
        (
            Panel(
                "Signals per second, the ten most frequent",
                (("topk(10, sum by (signal) (rate(moderation_signals_total[30m])))", "{{signal}}"),),
            ),
            Panel(
                "Mean score",
                (
                    (
                        # Scores below zero make the sum smaller, which `rate` would take for a counter begun anew.
                        _share("moderation_verdict_score_sum", "moderation_verdict_score_count", "delta"),
                        "{{site}}",
                    ),
                ),
                help="Drifts when the filter or what is posted changes.",
                may_be_negative=True,
            ),
            Panel(
                "Decisions a day, by what the machine had said",
                (("sum by (verdict, action) (increase(moderation_decisions_total[1d]))", "{{verdict}} -> {{action}}"),),
            ),
            Panel("What each site taught: version of its model", (("moderation_site_model_version", "{{site}}"),)),
        ),
    ),
    (
        "Messages",
        (
            Panel(
                "Attempts per second",
                (("sum by (outcome) (rate(moderation_delivery_attempts_total[$__rate_interval]))", "{{outcome}}"),),
            ),
            Panel("From event to arrival", _quantiles("moderation_delivery_seconds"), "s"),
            Panel("Endpoints", (("max by (state) (moderation_endpoints)", "{{state}}"),)),
            Panel("Waiting", (('max by (kind) (moderation_waiting{kind!="tally"})', "{{kind}}"),)),
        ),
    ),
    (
        "Machinery",
        (
            Panel("Messages in the broker", (("max by (queue) (moderation_queue_length)", "{{queue}}"),)),
            Panel(
                "Since a worker took something",
                (("max by (queue) (moderation_last_consumption_seconds)", "{{queue}}"),),
                "s",
            ),
            Panel(
                "Found by sweeps, refused by the broker, per minute",
                (
                    ("60 * sum(rate(moderation_swept_comments_total[$__rate_interval]))", "comments swept"),
                    ("60 * sum(rate(moderation_doorbells_lost_total[$__rate_interval]))", "doorbells lost"),
                ),
            ),
            Panel("Time that asking a part took", (("max by (part) (moderation_scrape_seconds)", "{{part}}"),), "s"),
        ),
    ),
    (
        "Requests",
        (
            Panel(
                "Answers per second",
                (("sum by (status) (rate(moderation_http_requests_total[$__rate_interval]))", "{{status}}"),),
            ),
            Panel(
                "Time to answer a request, 99th percentile",
                (
                    (
                        f"histogram_quantile(0.99, sum by (le, route) (rate({_REQUESTS}_bucket[$__rate_interval])))",
                        "{{route}}",
                    ),
                ),
                "s",
            ),
            Panel(
                "Refused by a limit, per minute",
                (("60 * sum by (limit) (rate(moderation_limited_requests_total[$__rate_interval]))", "{{limit}}"),),
            ),
            Panel(
                "Questions to services outside, per minute",
                (
                    (
                        "60 * sum by (service, outcome) (rate(moderation_remote_questions_total[$__rate_interval]))",
                        "{{service}} {{outcome}}",
                    ),
                ),
            ),
        ),
    ),
)


def document() -> dict[str, Any]:
    """Return the dashboard as Grafana's JSON model: 24 columns, rows of figures 4 high and of graphs 8."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS:
        panels.append({"type": "row", "title": title, "gridPos": {"x": 0, "y": top, "w": 24, "h": 1}, "panels": []})
        top += 1
        width, height = 24 // len(row), 4 if row[0].is_figure else 8
        for at, panel in enumerate(row):
            panels.append(_panel(panel) | {"gridPos": {"x": at * width, "y": top, "w": width, "h": height}})
        top += height
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
    return {
        "title": "Comment moderation",
        "uid": "comment-moderation",
        "tags": ["comment-moderation"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "panels": panels,
    }


def _panel(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit} | ({} if panel.may_be_negative else {"min": 0})
    if panel.bounds:
        steps = [("green", None), ("yellow", panel.bounds[0]), ("red", panel.bounds[1])]
        defaults["thresholds"] = {
            "mode": "absolute",
            "steps": [{"color": color, "value": value} for color, value in steps],
        }
    return {
        "type": "stat" if panel.is_figure else "timeseries",
        "title": panel.title,
        "description": panel.help,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + number), "expr": expression, "legendFormat": legend, "datasource": _SOURCE}
            for number, (expression, legend) in enumerate(panel.queries)
        ],
    }


def text() -> str:
    """Return the file's content."""
    return json.dumps(document(), indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(text())
