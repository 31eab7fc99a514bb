"""The `cache_tags` table: how often something was written under each tag."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jobs.stores.database import Connection, Database
from jobs.stores.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


class TagStore:
    """Both calls raise StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def raise_all(self, tags: Sequence[str], *, connection: Connection) -> Mapping[str, int]:
        """Note a write under these tags in its own transaction; give their versions.

        Until that ends other writers under them wait, and their versions are in the order of their commits.
        """
        rows = await connection.fetch(_SQL["raise"], sorted(set(tags)))
        return {row["tag"]: row["version"] for row in rows}

    async def versions(self) -> Mapping[str, int]:
        """Give the version of each tag that something was written under."""
        return {row["tag"]: row["version"] for row in await self._database.fetch(_SQL["all"])}
