"""The `file_profiles` table: the latest profile of each file that has one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from jobs.stores.database import Database
from jobs.stores.queries import load_queries
from jobs.tasks.data_processing.model import FileProfile

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


class ProfileStore:
    """Reads and writes profiles."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, file_id: UUID, profile: Mapping[str, Any]) -> None:
        """Store a file's profile in place of the one before."""
        await self._database.execute(_SQL["put"], file_id, profile)

    async def get(self, file_id: UUID, *, owner: str | None) -> FileProfile | None:
        """Give a file's profile, or None; with `owner` also None where the file is somebody else's."""
        row = await self._database.fetch_row(_SQL["get"], file_id, owner)
        if row is None:
            return None
        return FileProfile(file_id=row["file_id"], profile=row["profile"], made_at=row["made_at"])
