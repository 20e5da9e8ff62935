"""What `moderation settings` and docs/settings.md show of every setting."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from moderation.settings import EMBEDDED, PREFIX, Settings


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One line of what `moderation settings` prints."""

    name: str
    default: str
    value: str
    text_help: str


def describe(settings: Settings) -> Iterator[SettingLine]:
    """Yield every setting with its default, its value here (secrets masked) and its help."""
    for one in fields(Settings):
        value = getattr(settings, one.name)
        shown = _show(value)
        if one.metadata["is_secret"] and value and value != EMBEDDED:
            shown = "(set)"
        yield SettingLine(f"{PREFIX}{one.name.upper()}", _show(one.default), shown, str(one.metadata["help"]))


def _show(value: Any) -> str:
    return ",".join(str(part) for part in value) if isinstance(value, tuple) else str(value)
