"""`moderation settings`: what can be set, and what is."""

import click

from moderation.commands.setup import as_json, print_json
from moderation.setting_lines import describe
from moderation.settings import Settings


@click.command()
@as_json
def settings(*, as_json: bool) -> None:
    """Print every setting with its default, its value here, and what it does. Secrets are not shown.

    Each may also be read from a file: NAME_FILE names it.

    \b
    Example:
      moderation settings
    """
    lines = list(describe(Settings.from_environment()))
    if as_json:
        print_json(
            [
                {"name": line.name, "default": line.default, "value": line.value, "help": line.text_help}
                for line in lines
            ]
        )
        return
    for line in lines:
        click.echo(f"{line.name}={line.value}")
        click.echo(click.wrap_text(line.text_help, 100, "    ", "    "))
        if line.value != line.default:
            click.echo(f"    Default: {line.default or '(none)'}")
