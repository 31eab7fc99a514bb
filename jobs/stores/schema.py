"""Whether PostgreSQL has the tables that this version works with. `python -m app migrate` makes them."""

from pathlib import Path

from jobs.stores.database import Database
from jobs.stores.queries import load_queries

LATEST = 26  # the last migration that there is; a test compares

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


async def migrations_missing(database: Database) -> int:
    """Count those that have not been applied; raises StoreUnavailableError.

    A database that is ahead lacks none: while a new version is rolled out, it is migrated first.
    """
    async with database.connect() as connection:
        row = await connection.fetch_row(_SQL["is_there"])
        if row is None or not row["is_there"]:
            return LATEST
        row = await connection.fetch_row(_SQL["latest"])
        return max(LATEST - (row["number"] if row else 0), 0)
