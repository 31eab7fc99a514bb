"""The `files` table: what was uploaded, who syncs it, and how that went. The bytes are on disk, not here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from jobs.errors import SwitchyardError
from jobs.ids import new_job_id
from jobs.model import Job
from jobs.stores.database import Connection, Database, Row
from jobs.stores.queries import load_queries
from jobs.tasks.data_sync.model import CatalogueFile, FileFormat, FileState, Source
from jobs.tasks.data_sync.templates import source_of

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


class SupersededError(SwitchyardError):
    """Another job, or a later start of this one, has taken the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the uploader says of a file."""

    name: str
    source: Source
    shop_id: str
    date_from: date | None
    date_to: date | None
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file is by its bytes."""

    sha256: str
    format: FileFormat
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Whose a file is, and the job that syncs it, or did so last."""

    owner: str
    job_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How a start of a job left a file. `currency` is that of its facts, for what is loaded.

    `is_due`: another start is worth it at once, since its template has been replaced meanwhile.
    """

    state: FileState
    error: str | None = None
    template_id: UUID | None = None
    header_difference: Mapping[str, Any] | None = None
    currency: str | None = None
    is_due: bool = False


class Catalogue:
    """Reads and writes the catalogue of files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, description: Description, content: Content) -> tuple[UUID, bool]:
        """Enter a file; give its id, and whether it is new. An owner's same bytes keep their first description."""
        source = description.source
        async with self._database.connect() as connection:
            row = await connection.fetch_row(
                _SQL["insert"],
                UUID(new_job_id()),
                content.sha256,
                description.name,
                content.format,
                content.size,
                source.platform,
                description.shop_id,
                source.domain,
                source.sub_domain,
                source.granularity,
                description.date_from,
                description.date_to,
                description.owner,
            )
            if row is not None:
                return row["id"], True
            found = await connection.fetch_row(_SQL["find"], content.sha256, description.owner)
        if found is None:
            raise AssertionError("a file that conflicts is not there")
        return found["id"], False

    async def get(self, file_id: UUID, *, owner: str | None = None) -> CatalogueFile | None:
        """Give a file, or None; with `owner` also None where it is somebody else's."""
        row = await self._database.fetch_row(_SQL["get"], file_id, owner)
        return None if row is None else file_of(row)

    async def lock(self, file_id: UUID, *, owner: str | None, connection: Connection) -> Held | None:
        """Keep others from claiming the file until the transaction ends; None where it is not there."""
        row = await connection.fetch_row(_SQL["lock"], file_id, owner)
        return None if row is None else Held(owner=row["owner"], job_id=row["job_id"])

    async def hold(self, file_id: UUID, job_id: str, *, connection: Connection) -> None:
        """Give a locked file to a job."""
        await connection.execute(_SQL["hold"], file_id, job_id)

    async def begin(self, file_id: UUID, job: Job) -> None:
        """Note that this start of the job works on the file, from whatever state a dead run left it in."""
        if await self._database.fetch_row(_SQL["begin"], file_id, job.id, job.fence) is None:
            raise SupersededError(f"file {file_id} belongs to another job")

    async def settle(
        self,
        file_id: UUID,
        job: Job,
        settlement: Settlement,
        *,
        connection: Connection | None = None,
    ) -> None:
        """Note how this start of the job left the file; raises SupersededError where a later one has it.

        A file that failed or has no template is due again after 15 minutes, and each time after twice as long, at most
        a day; one that is loaded, or whose headers have changed, is not due by itself. `is_due` goes before all that.
        """
        row = await (connection or self._database).fetch_row(
            _SQL["settle"],
            file_id,
            job.id,
            job.fence,
            settlement.state,
            settlement.error,
            settlement.template_id,
            settlement.header_difference,
            settlement.currency,
            settlement.is_due,
        )
        if row is None:
            raise SupersededError(f"file {file_id} was taken over")


def file_of(row: Row) -> CatalogueFile:
    """Read a row of the table, with `state_now` and `error_now` as its job has left them."""
    return CatalogueFile(
        id=row["id"],
        sha256=row["sha256"],
        name=row["name"],
        format=FileFormat(row["format"]),
        size=row["size"],
        source=source_of(row),
        shop_id=row["shop_id"],
        date_from=row["date_from"],
        date_to=row["date_to"],
        owner=row["owner"],
        state=FileState(row["state_now"]),
        job_id=row["job_id"],
        last_error=row["error_now"],
        header_difference=row["header_difference"],
        tries=row["tries"],
        next_attempt_at=row["next_attempt_at"],
        created_at=row["created_at"],
    )
