"""Write docs/settings.md from the settings themselves: `make docs`."""

from dataclasses import fields
from pathlib import Path

from moderation.setting_lines import describe
from moderation.settings import Settings

INTRODUCTION = """# Settings

What differs between machines. What differs between sites is a site's [policy](filters.md#the-policy). Written by
`make docs` from `moderation/settings.py`; `moderation settings` prints the same with the values that hold on a machine.

- Every setting is an environment variable. With `_FILE` behind its name the value is read from the file named:
  `MODERATION_SECRET_KEY_FILE=/run/secrets/secret_key`.
- An unknown `MODERATION_*` name, or a value that makes no sense, stops the start with a message that names all of them.
- Empty counts as not set.

| setting | default | what it does |
| --- | --- | --- |
"""


def main() -> None:
    """Write the page."""
    lines = [
        f"| `{line.name}` | {f'`{line.default}`' if line.default else '-'} | {line.text_help} |"
        for line in describe(Settings())
    ]
    assert len(lines) == len(fields(Settings))
    (Path(__file__).parents[1] / "docs" / "settings.md").write_text(INTRODUCTION + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
