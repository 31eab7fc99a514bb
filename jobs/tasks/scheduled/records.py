"""The `backups` table: which files there are, and how old the newest is. The files are not here."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jobs.stores.database import Database
from jobs.stores.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LastBackup:
    """The newest one: what it shows is the database as it was `age_s` seconds ago."""

    age_s: float
    size: int


class BackupRecords:
    """All calls raise StoreUnavailableError while PostgreSQL is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tables(self) -> frozenset[tuple[str, str]]:
        """Give schema and name of each table that has rows of its own, and that no extension brings."""
        return frozenset((row["schema"], row["name"]) for row in await self._database.fetch(_SQL["tables"]))

    async def add(self, name: str, *, size: int, began_at: datetime) -> None:
        """Note a file that is whole; a second time changes nothing."""
        await self._database.execute(_SQL["add"], name, size, began_at)

    async def keep(self, names: frozenset[str]) -> None:
        """Drop all but these."""
        await self._database.execute(_SQL["keep"], list(names))

    async def last(self) -> LastBackup | None:
        """Give the newest one."""
        row = await self._database.fetch_row(_SQL["last"])
        return None if row is None else LastBackup(age_s=row["age_s"], size=row["bytes"])
