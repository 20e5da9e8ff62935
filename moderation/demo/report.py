"""Puts a result into words: a plain table for people and READMEs, one JSON object for programs."""

import json
from collections.abc import Sequence
from typing import Any

from moderation.demo.rows import LABELS
from moderation.demo.tally import OUTCOMES, Judged, LabelLine, Reason, Result, Spread

# Fifteen lines of signals fit on a page; --json has them all.
_TOP_SIGNALS = 15
_EXAMPLES = 3
_EXCERPT_CHARACTERS = 80
# Invisible, harmless, and in half of all Persian words.
_PERSIAN_JOINER = "\u200c"


def as_text(result: Result, mistakes: int = 0) -> str:
    """Return the report; `mistakes` is how many of the worst to show."""
    parts = [
        _traffic(result),
        _verdicts(result.labels),
        _shares(result.labels),
        _speed(result),
        _integrity(result),
        _signals(result),
        _mistakes(result.mistakes[:mistakes]),
    ]
    return "\n\n".join(part for part in parts if part)


def as_json(result: Result, mistakes: int = 0) -> str:
    """Return the same as one JSON object; shares in percent, spans in seconds, null where there is nothing to say."""
    content: dict[str, Any] = {
        "sent": result.sent,
        "accepted": result.accepted,
        "refused": {"count": _refused(result), "reasons": [_reason(one) for one in result.refused]},
        "retries": dict(result.retries),
        "labels": {line.label: _label(line) for line in result.labels},
        "seconds": {"to_verdict": _span(result.to_verdict), "to_webhook": _span(result.to_webhook)},
        "per_second": {"accepted": result.accepted_per_second, "judged": result.judged_per_second},
        "lost": {"not_judged": list(result.unjudged), "webhook_missing": list(result.untold)},
        "doubled": list(result.doubled),
        "badly_signed": result.badly_signed,
        "unreadable": result.unreadable,
        "redelivered": result.redelivered,
        "decisions": result.decided,
        "events_of_other_comments": result.of_others,
        "signals": {name: dict(counts) for name, counts in result.signals},
        "ok": result.is_sound,
    }
    if mistakes:
        content["mistakes"] = [_mistake(one) for one in result.mistakes[:mistakes]]
    return json.dumps(content, ensure_ascii=False)


def _traffic(result: Result) -> str:
    lines = [f"sent {result.sent}, accepted {result.accepted}, refused {_refused(result)}"]
    lines += [f"  refused {one.count}: {_shown(one.reason)} (rows {_ids(one.examples)})" for one in result.refused]
    if result.retries:
        said = ", ".join(f"{count} after {reason}" for reason, count in sorted(result.retries.items()))
        lines.append(f"  sent again: {said}")
    return "\n".join(lines)


def _verdicts(lines: Sequence[LabelLine]) -> str:
    shown = [name for name in OUTCOMES if name in OUTCOMES[:3] or any(line.outcomes[name] for line in lines)]
    table = [["label", "sent", "accepted", "judged", *shown]]
    table += [
        [line.label, *map(str, (line.sent, line.accepted, line.judged, *(line.outcomes[name] for name in shown)))]
        for line in lines
    ]
    return "Verdicts by true label\n" + _table(table)


def _shares(lines: Sequence[LabelLine]) -> str:
    table = [["% of the judged", "called spam", "held", "approved"]]
    table += [
        [line.label, *(_number(share, 1) for share in (_called_spam(line), line.percent("held"), _approved(line)))]
        for line in lines
    ]
    note = "(spam caught = spam called spam; toxic is not spam, a held toxic comment is for a person to settle)"
    return _table(table) + "\n" + note


def _speed(result: Result) -> str:
    table = [["seconds from acceptance", "p50", "p99"]]
    for title, spread in (("to the verdict", result.to_verdict), ("to the webhook", result.to_webhook)):
        spans = (spread.p50_seconds, spread.p99_seconds) if spread else (None, None)
        table.append([title, *(_number(span, 3) for span in spans)])
    rates = f"{_number(result.accepted_per_second, 1)} accepted, {_number(result.judged_per_second, 1)} judged"
    return _table(table) + f"\ncomments per second: {rates} end to end"


def _integrity(result: Result) -> str:
    lost = len(result.unjudged) + len(result.untold)
    counts = f"lost {lost}, doubled {len(result.doubled)}, badly signed {result.badly_signed}"
    lines = [f"{counts}; redelivered {result.redelivered}"]
    for words, row_ids in (
        ("accepted but not judged", result.unjudged),
        ("judged but the webhook is missing", result.untold),
        ("more than one verdict event", result.doubled),
    ):
        if row_ids:
            lines.append(f"  {words}: {len(row_ids)} (rows {_ids(row_ids)})")
    if result.unreadable:
        lines.append(f"  well signed but not as the contract says: {result.unreadable}")
    if result.decided or result.of_others:
        lines.append(f"  besides: {result.decided} decisions by people, {result.of_others} events of other comments")
    if result.untold and not result.to_webhook:
        lines.append(
            "  no webhook came at all: does the service run here, with `MODERATION_OUTBOUND_ALLOW=127.0.0.0/8`?"
        )
    return "\n".join(lines)


def _signals(result: Result) -> str:
    if not result.signals:
        return ""
    table = [["signal seen on", *LABELS]]
    table += [[name, *(str(counts[label]) for label in LABELS)] for name, counts in result.signals[:_TOP_SIGNALS]]
    more = len(result.signals) - _TOP_SIGNALS
    return _table(table) + (f"\n(and {more} more, see --json)" if more > 0 else "")


def _mistakes(mistakes: Sequence[Judged]) -> str:
    if not mistakes:
        return ""
    lines = ["Worst mistakes"]
    for one in mistakes:
        row, outcome = one.row, one.outcome
        signals = ", ".join(outcome.signals) or "no signals"
        score = _number(outcome.score, 2)
        lines.append(f"  {_shown(row.id)}: {row.label}, was {one.result}, score {score}: {_shown(signals)}")
        lines.append(f"    {_excerpt(row.body)}")
    return "\n".join(lines)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Align the first column left and the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    )


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _ids(row_ids: Sequence[str]) -> str:
    return ", ".join(map(_shown, row_ids[:_EXAMPLES])) + (", ..." if len(row_ids) > _EXAMPLES else "")


def _shown(text: str) -> str:
    """Return strangers' text on one line, without what could steer a terminal or turn its direction."""
    return "".join(letter if letter.isprintable() or letter == _PERSIAN_JOINER else " " for letter in text)


def _excerpt(body: str) -> str:
    words = " ".join(_shown(body).split())
    return words if len(words) <= _EXCERPT_CHARACTERS else words[: _EXCERPT_CHARACTERS - 1] + "…"


def _called_spam(line: LabelLine) -> float | None:
    return line.percent("spam", "discarded")


def _approved(line: LabelLine) -> float | None:
    return line.percent("approved")


def _refused(result: Result) -> int:
    return sum(reason.count for reason in result.refused)


def _reason(reason: Reason) -> dict[str, Any]:
    return {"reason": reason.reason, "count": reason.count, "examples": list(reason.examples)}


def _label(line: LabelLine) -> dict[str, Any]:
    return {
        "sent": line.sent,
        "accepted": line.accepted,
        "judged": line.judged,
        **line.outcomes,
        "percent": {"called_spam": _called_spam(line), "held": line.percent("held"), "approved": _approved(line)},
    }


def _span(spread: Spread | None) -> dict[str, float] | None:
    return {"p50": spread.p50_seconds, "p99": spread.p99_seconds} if spread else None


def _mistake(one: Judged) -> dict[str, Any]:
    outcome = one.outcome
    return {
        "row": one.row.id,
        "label": one.row.label,
        "result": one.result,
        "score": outcome.score,
        "signals": list(outcome.signals),
        "body": one.row.body,
    }
