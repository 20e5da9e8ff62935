"""`moderation backup`: copies the database while everything runs."""

from pathlib import Path

import click
from sqlalchemy import make_url

from moderation.backup import back_up
from moderation.settings import Settings


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def backup(file: Path, *, force: bool) -> None:
    """Copy the SQLite database to FILE, while everything runs.

    Keep DATA_DIR/secret_key with it: without it the keys, links and webhook secrets in the copy are void. The copy
    holds comments with their authors' addresses; only its owner may read it.

    \b
    Example:
      moderation backup /backups/moderation-$(date +%F).db

    \b
    Exit codes: 0 done; 1 failed; 2 used wrongly.
    """
    settings = Settings.from_environment()
    database = sqlite_file(settings, "pg_dump --format=custom --file=FILE")
    if file.exists() and not force:
        raise click.ClickException(f"{file} is there already; --force replaces it")
    size = back_up(database, file)
    click.echo(f"Wrote {file} ({size:,} bytes).")
    if not settings.secret_key:
        click.echo(f"Keep {settings.data_dir / 'secret_key'} with it.")


def sqlite_file(settings: Settings, instead: str) -> Path:
    """Return the database's file; say which of PostgreSQL's tools does the same where there is none."""
    if not settings.uses_sqlite:
        url = make_url(settings.effective_database_url)
        where = f"--host={url.host or 'localhost'} --port={url.port or 5432} --username={url.username or 'postgres'}"
        raise click.ClickException(
            f"the database is a PostgreSQL, which has tools of its own:\n  {instead} {where} --dbname={url.database}"
        )
    return Path(make_url(settings.effective_database_url).database or "")
