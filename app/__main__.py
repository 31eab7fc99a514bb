"""The command line of the web package: `python -m app migrate`, the release step of a deployment."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from app.migrate import FOLDER, MigrationError, load_migrations, migrate
from jobs.errors import SettingsError, StoreUnavailableError
from jobs.logs import configure_logs
from jobs.settings import load_settings
from jobs.stores.database import Database

_PATIENCE_S = 30.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; give the exit status: 0, 1 where the database refuses, 2 for wrong settings."""
    parser = argparse.ArgumentParser(prog="python -m app", description="Switchyard's web package.")
    commands = parser.add_subparsers(required=True, metavar="command")
    commands.add_parser("migrate", help="bring the database's schema up to date")
    parser.parse_args(argv)
    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        print(f"Cannot migrate:\n{error}", file=sys.stderr)  # noqa: T201  before there are logs
        return 2
    configure_logs(form=settings.log_format, level=settings.log_level)
    try:
        asyncio.run(_migrate(settings.database_url.get_secret_value()))
    except (MigrationError, StoreUnavailableError) as error:
        print(f"Cannot migrate: {error}", file=sys.stderr)  # noqa: T201  the last word of a command
        return 1
    return 0


async def _migrate(url: str) -> None:
    database = await Database.open(url, size=1, patience_s=_PATIENCE_S, answer_s=None)
    try:
        await migrate(database, load_migrations(FOLDER))
    finally:
        await database.close()


if __name__ == "__main__":
    sys.exit(main())
