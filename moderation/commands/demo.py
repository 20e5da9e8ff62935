"""`moderation demo`: posts labelled comments to the running service and prints what became of them."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--credentials", type=click.Path(path_type=Path), help="Default: credentials.json in MODERATION_DATA_DIR."
)
@click.option("--url", metavar="URL", help="Where the service is, if not where the credentials say.")
@click.option("--connections", type=click.IntRange(1, 256), default=8, show_default=True, help="Posts at a time.")
@click.option("--batch", type=click.IntRange(1, 500), help="Post so many comments a request; default: one each.")
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Seconds without an answer or a webhook after which to give up.",
)
@click.option(
    "--linger",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    help="Seconds to listen on for doubles once all is in.",
)
@click.option("--mistakes", type=click.IntRange(min=0), default=0, metavar="N", help="Show the N worst mistakes.")
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def demo(
    context: click.Context,
    *,
    file: Path | None,
    credentials: Path | None,
    url: str | None,
    connections: int,
    batch: int | None,
    patience: float,
    linger: float,
    mistakes: int,
    wants_json: bool,
) -> None:
    """Try the running service on labelled comments and print what became of each.

    FILE is .jsonl or .jsonl.gz with `id`, `body` and `label` (ham, spam or toxic) a line, and maybe `author`, `url`
    and `thread`. Without it, some sixty comments in many languages are sent. Labels are never sent. A service that has
    seen the same comments before rightly finds them suspicious: for honest figures start it on an empty data directory.

    The verdicts come back as webhooks to this machine, which the service has to allow.

    \b
    Example:
      MODERATION_OUTBOUND_ALLOW=127.0.0.0/8 moderation up
      moderation demo
      moderation demo comments.jsonl.gz --batch 100 --mistakes 10

    \b
    Exit codes: 0 all well; 1 a comment was lost or doubled, or a webhook badly signed; 2 used wrongly.
    """
    from rich.console import Console

    from moderation.demo.course import Plan, Standing, run
    from moderation.demo.credentials import read_credentials
    from moderation.demo.errors import UsedWronglyError
    from moderation.demo.progress import progress
    from moderation.demo.report import as_json, as_text
    from moderation.demo.rows import read_rows

    console = Console(stderr=True)
    try:
        access = read_credentials(credentials or _default_credentials(), url)
        plan = Plan(access, read_rows(file), connections, batch, patience, linger)
        with _ending_between_steps() as check, progress(console) as show_standing:

            def show(standing: Standing) -> None:
                check()
                show_standing(standing)

            result = run(plan, show, lambda text: click.echo(text, err=True))
    except UsedWronglyError as error:
        raise _UsedWrongly(str(error)) from None
    click.echo(as_json(result, mistakes) if wants_json else as_text(result, mistakes))
    context.exit(0 if result.is_sound else 1)


class _UsedWrongly(click.ClickException):
    exit_code = 2


def _default_credentials() -> Path:
    from moderation.settings import Settings

    return Settings.from_environment().data_dir / "credentials.json"


@contextmanager
def _ending_between_steps() -> Iterator[Callable[[], None]]:
    """Yield what raises KeyboardInterrupt once Ctrl-C or SIGTERM has come; a second one ends at once.

    Raised anywhere, it may leave a lock of the sending threads held, and the end, at which they are waited for, would
    never come.
    """
    is_asked = threading.Event()

    def note(number: int, _frame: object) -> None:
        is_asked.set()
        signal.signal(number, signal.default_int_handler)

    def check() -> None:
        if is_asked.is_set():
            raise KeyboardInterrupt

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
