"""What there is to see of many files: lists of them and of their syncs, and how each source does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from jobs.errors import InvalidInputError, Mistake
from jobs.stores.database import Database, Row
from jobs.stores.listing import LAST, Place, walk
from jobs.stores.queries import load_queries
from jobs.tasks.data_sync.catalogue import file_of
from jobs.tasks.data_sync.model import CatalogueFile, Domain, FileState, Granularity, Source
from jobs.tasks.data_sync.templates import source_of

MOST_SOURCES = 1_000

_NEWEST_FILE = Place(LAST, str(UUID(int=0)))  # nothing is of that time
_NEWEST_SYNC = Place(LAST, "")
_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFilter:
    """Which files to list: those that fit all of it; None fits any."""

    platform: str | None = None
    shop_id: str | None = None
    domain: Domain | None = None
    granularity: Granularity | None = None
    state: FileState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePage:
    """Files, newest first, and the place from which to go on; None where there are no more."""

    files: Sequence[CatalogueFile]
    following: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncEntry:
    """A submission that began a sync: of one file by a job of this id, or of many by a batch."""

    task_id: str
    owner: str
    is_batch: bool
    files: int
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPage:
    """Submissions, newest first, and the place from which to go on; None where there are no more."""

    syncs: Sequence[SyncEntry]
    following: Place | None


class TemplateStatus(StrEnum):
    """How a source's template does."""

    THERE = "there"
    MISSING = "missing"
    OUTDATED = "outdated"  # files came whose headers it does not have, or were loaded by one that it has replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """The files of one source, and its template."""

    source: Source
    files: int
    header_changed: int
    needs_template: int
    loaded_by_older: int
    newest_at: datetime
    template_version: int | None

    @property
    def status(self) -> TemplateStatus:
        """Say how the template does."""
        if self.template_version is None:
            return TemplateStatus.MISSING
        return TemplateStatus.OUTDATED if self.header_changed or self.loaded_by_older else TemplateStatus.THERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance:
    """How all files do: by state, and by source, of which the first thousand are told."""

    states: Mapping[FileState, int]
    sources: Sequence[SourceEntry]


class Shelf:
    """Reads many files at once. `owner` None means everybody's. All raise StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def files(self, wanted: FileFilter, *, owner: str | None, after: Place | None, limit: int) -> FilePage:
        """Give up to `limit` files; fewer, even none, where few of the next thousands fit."""
        place = _NEWEST_FILE if after is None else Place(after.at, str(_file_id(after)))
        filters = (wanted.platform, wanted.shop_id, wanted.domain, wanted.granularity, wanted.state)
        rows, following = await self._walk("files", owner, place, limit, *filters)
        return FilePage(files=[file_of(row) for row in rows], following=following)

    async def syncs(self, *, owner: str | None, has_ended: bool | None, after: Place | None, limit: int) -> SyncPage:
        """Give up to `limit` submissions, as far as the history is written; fewer where few of thousands fit."""
        rows, following = await self._walk("syncs", owner, after or _NEWEST_SYNC, limit, has_ended)
        return SyncPage(syncs=[_sync(row) for row in rows], following=following)

    async def governance(self, *, owner: str | None) -> Governance:
        """Count files by state and by source."""
        states = {FileState(row["state"]): row["files"] for row in await self._database.fetch(_SQL["states"], owner)}
        rows = await self._database.fetch(_SQL["sources"], owner, MOST_SOURCES)
        return Governance(
            states={state: states.get(state, 0) for state in FileState}, sources=[_source(row) for row in rows]
        )

    async def _walk(
        self, what: str, owner: str | None, place: Place, limit: int, *filters: object
    ) -> tuple[Sequence[Row], Place | None]:
        looked = _SQL[f"{what}_of_{'all' if owner is None else 'owner'}"]
        query = f"WITH looked AS (\n{looked}\n)\n\n{_SQL[what]}"
        async with self._database.connect() as connection:

            async def look(start: Place, most: int, amount: int) -> Sequence[Row]:
                return await connection.fetch(query, owner, *start, most, amount, *filters)

            return await walk(look, place, limit=limit, time="created_at")


def _sync(row: Row) -> SyncEntry:
    return SyncEntry(
        task_id=row["id"],
        owner=row["owner"],
        is_batch=row["is_batch"],
        files=row["files"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )


def _source(row: Row) -> SourceEntry:
    return SourceEntry(
        source=source_of(row),
        files=row["files"],
        header_changed=row["header_changed"],
        needs_template=row["needs_template"],
        loaded_by_older=row["loaded_by_older"],
        newest_at=row["newest_at"],
        template_version=row["template_version"],
    )


def _file_id(place: Place) -> UUID:
    try:
        return UUID(place.id)
    except ValueError:
        wrong = Mistake(pointer="/cursor", detail="is no next_cursor of this list; leave it out to begin at the newest")
        raise InvalidInputError([wrong]) from None
