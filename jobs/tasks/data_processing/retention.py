"""Drops images that no file has shown for long, and old profiles, as the settings say: rows first, then files."""

import asyncio
from pathlib import Path

import structlog

from jobs.stores.database import Database
from jobs.stores.queries import load_queries
from jobs.tasks.data_processing.media import Media

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_DAY_S = 86_400.0

log = structlog.stdlib.get_logger(__name__)


class Retention:
    """Any number may be at it. A file without a row is nobody's, so whoever is stopped leaves work and no damage.

    A row without its file is never made here. Where the folder is elsewhere or empty, no row is dropped for it: the
    next extraction of a file writes again what it does not find.
    """

    def __init__(self, database: Database, media: Media, *, days: int) -> None:
        """Keep for so many days; 0: for ever."""
        self._database = database
        self._media = media
        self._days = days

    async def drop_images(self, *, limit: int) -> int:
        """Drop the images that no file has shown for longest, `limit` at most; give how many. Their bytes stay."""
        if dropped := await self._drop("drop_images", limit):
            log.info("images_pruned", amount=dropped)
        return dropped

    async def drop_profiles(self, *, limit: int) -> int:
        """Drop the oldest profiles; like `drop_images`."""
        if dropped := await self._drop("drop_profiles", limit):
            log.info("profiles_pruned", amount=dropped)
        return dropped

    async def drop_files(self) -> int:
        """Take away the bytes of images that no row tells of and no extraction has used for as long; give how many.

        Raises StoreUnavailableError; what is gone by then stays gone.
        """
        if not self._days:
            return 0
        dropped = 0
        for folder in await asyncio.to_thread(self._media.folders):
            unused = await asyncio.to_thread(self._media.unused, folder, unused_s=self._days * _DAY_S)
            if unused:
                rows = await self._database.fetch(_SQL["known"], sorted(unused))
                for sha256 in unused - {row["sha256"] for row in rows}:
                    dropped += await asyncio.to_thread(self._media.forget, sha256, unused_s=self._days * _DAY_S)
        if dropped:
            log.info("image_files_pruned", amount=dropped)
        return dropped

    async def _drop(self, query: str, limit: int) -> int:
        return len(await self._database.fetch(_SQL[query], self._days, limit)) if self._days else 0
