"""The `batches` table, and the jobs of a batch as its members. It knows rows, not Redis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from jobs.audit import Deed
from jobs.batch import Batch
from jobs.model import Failure, Job, KeyUse, State
from jobs.stores.audit import note
from jobs.stores.database import Connection, Database, Row
from jobs.stores.jobs import NewJob, Run, job_of
from jobs.stores.listing import Place
from jobs.stores.queries import load_queries

_LAST_ID = "z"  # ids are hex digits

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The jobs of a new batch, a column each: ten thousand records would take longer than all the rest.

    `terms` has one job for all those that differ in nothing but id, arguments and unique key; `places` says by numbers
    from 1 which of the terms are each one's. Ids rise. Arguments are encoded.
    """

    terms: Sequence[NewJob]
    ids: Sequence[str]
    places: Sequence[int]
    args: Sequence[str]
    unique_keys: Sequence[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """A batch that was checked and is to be accepted; `on_complete` is the job that is to follow it."""

    id: str
    owner: str
    name: str | None
    members: Members
    on_complete: NewJob | None
    use: KeyUse | None = None

    def accepted(self, *, at: datetime, counts: Mapping[State, int]) -> Batch:
        """Give the batch that this becomes when it is accepted at this time."""
        return Batch(
            id=self.id,
            owner=self.owner,
            name=self.name,
            total=len(self.members.ids),
            counts=counts,
            created_at=at,
            on_complete_job_id=None if self.on_complete is None else self.on_complete.id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPage:
    """Batches, newest first, and the place from which to go on; None where there are no more."""

    batches: Sequence[Batch]
    following: Place | None


class BatchStore:
    """All calls raise StoreUnavailableError while PostgreSQL is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, batch: NewBatch, *, connection: Connection | None = None) -> datetime | None:
        """Store a batch and its jobs as accepted, all or none, by one statement; give the time.

        None: nothing was stored, since there is something under its idempotency key.
        """
        members, use, following = batch.members, batch.use, batch.on_complete
        row = await (connection or self._database).fetch_row(
            _SQL["insert"],
            batch.id,
            batch.owner,
            batch.name,
            following,
            None if following is None else following.id,
            members.terms,
            members.ids,
            members.places,
            members.args,
            members.unique_keys,
            None if use is None else use.key,
            None if use is None else use.print,
        )
        return None if row is None else row["created_at"]

    async def get(self, batch_id: str, *, owner: str | None = None) -> Batch | None:
        """Give a batch as far as the history is written, or None; with `owner` also where it is somebody else's."""
        found = (await self.get_all([batch_id])).get(batch_id)
        return None if found is None or owner not in {None, found.owner} else found

    async def get_all(self, batch_ids: Sequence[str]) -> dict[str, Batch]:
        """Give those of these batches that there are, by id, as far as the history is written."""
        rows = await self._database.fetch(_SQL["get_all"], list(batch_ids))
        return {row["id"]: _batch(row) for row in rows}

    async def page(self, *, owner: str | None, after: Place | None, limit: int) -> BatchPage:
        """Give up to `limit` batches, newest first, as far as the history is written; `owner` None is everybody's."""
        start = _LAST_ID if after is None else after.id
        if owner is None:
            rows = await self._database.fetch(_SQL["newest"], start, limit + 1)
        else:
            rows = await self._database.fetch(_SQL["newest_of"], start, limit + 1, owner)
        shown = rows[:limit]
        found = await self.get_all([row["id"] for row in shown])
        following = Place(shown[-1]["created_at"], shown[-1]["id"]) if len(rows) > limit else None
        return BatchPage(batches=[found[row["id"]] for row in shown if row["id"] in found], following=following)

    async def members(self, batch_id: str) -> list[str]:
        """Give the ids of the jobs of a batch."""
        return [row["id"] for row in await self._database.fetch(_SQL["members"], batch_id)]

    async def first_unfinished(self, batch_id: str, *, limit: int) -> list[Job]:
        """Give the first jobs of a batch that have not ended."""
        return [job_of(row) for row in await self._database.fetch(_SQL["first_unfinished"], batch_id, limit)]

    async def supersede(self, batch_id: str, failures: Mapping[str, Failure]) -> None:
        """End accepted jobs of a batch, by id, that Redis has refused for good."""
        told = [{"id": job_id, "error": failure.as_mapping()} for job_id, failure in failures.items()]
        await self._database.execute(_SQL["supersede"], batch_id, told)

    async def want_cancelled(self, batch_id: str, deed: Deed) -> list[Run]:
        """Note the wish to cancel all jobs of a batch that have not ended, and give their runs.

        The deed is written down where there is a job of which this was not wished before, with how many these are.
        """
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_SQL["want_cancelled"], batch_id)
            if wished := sum(row["is_new"] for row in rows):
                await note(replace(deed, details={**deed.details, "jobs": wished}), connection=connection)
        return [Run(row["id"], row["run"]) for row in rows]

    async def ended_badly(self, batch_id: str) -> list[Job]:
        """Give the jobs of a batch that have failed, were cancelled or have expired."""
        return [job_of(row) for row in await self._database.fetch(_SQL["ended_badly"], batch_id)]

    async def are_stirred(self) -> bool:
        """Say whether there is a batch to be looked at by `close`."""
        return bool(await self._database.fetch(_SQL["are_stirred"]))

    async def close(self, *, limit: int) -> tuple[int, list[Job]]:
        """Look at batches of which a job has ended since the last look, and end those of which all have.

        Give how many were looked at, and the jobs that those which have ended are followed by, stored as accepted: each
        is made once. Any number may look at the same time.
        """
        async with self._database.transaction() as connection:
            # Two statements: what the second sees must be of after the rows were locked, else the last end is missed.
            rows = await connection.fetch(_SQL["stirred"], limit)
            ids = [row["id"] for row in rows]
            made = await connection.fetch(_SQL["close"], ids) if ids else []
        return len(ids), [job_of(row) for row in made]

    async def drop_old(self, *, older_than_days: int, limit: int) -> None:
        """Drop batches that have ended before that and of which no job is left."""
        await self._database.execute(_SQL["drop_old"], older_than_days, limit)


def _batch(row: Row) -> Batch:
    return Batch(
        id=row["id"],
        owner=row["owner"],
        name=row["name"],
        total=row["total"],
        counts={State(state): amount for state, amount in row["counts"].items()},
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        on_complete_job_id=row["on_complete_job_id"],
    )
