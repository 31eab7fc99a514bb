"""The `jobs` table: what was accepted and what became of it. It knows rows, not Redis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from jobs import codec
from jobs.model import Failure, HeldUse, Job, KeptUse, KeyUse, Progress, State
from jobs.stores.database import Connection, Database, Row
from jobs.stores.queries import load_queries
from jobs.stores.tries import TryStore

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_HISTORY = load_queries(Path(__file__).with_name("history.sql"))  # what makes rows of events
_ROW = b'"row":'
_BAD_ENDS = frozenset({State.FAILED, State.CANCELLED, State.EXPIRED})


@dataclass(slots=True, kw_only=True)  # to freeze it would take three times as long
class NewJob:
    """A job that was checked and is to be accepted. It is due at `run_at`, or `delay_s` after acceptance, or at once.

    The delay and `expires_in_s` are added by the database, whose clock also gives the time of acceptance.
    """

    id: str
    task: str
    queue: str
    owner: str
    priority: int
    args: Mapping[str, Any]
    tags: Sequence[str]
    max_tries: int
    timeout_s: float
    run_at: datetime | None
    delay_s: float | None
    unique_key: str | None = None
    expires_in_s: float | None = None
    use: KeyUse | None = None
    origin: str | None = None

    def accepted(self, *, at: datetime, run_at: datetime | None, expires_at: datetime | None) -> Job:
        """Give the job that this becomes when it is accepted at this time."""
        return Job(
            id=self.id,
            task=self.task,
            queue=self.queue,
            owner=self.owner,
            state=State.ACCEPTED,
            priority=self.priority,
            args=self.args,
            tags=tuple(self.tags),
            run=1,
            fence=0,
            tries=0,
            max_tries=self.max_tries,
            timeout_s=self.timeout_s,
            accepted_at=at,
            run_at=run_at,
            expires_at=expires_at,
            unique_key=self.unique_key,
            origin=self.origin,
        )

    def accepted_at(self, moment: datetime) -> Job:
        """Give the same job where the delay and `expires_in_s` are added here."""
        delay, expires = self.delay_s, self.expires_in_s
        return self.accepted(
            at=moment,
            run_at=moment + timedelta(seconds=delay) if delay is not None else self.run_at,
            expires_at=None if expires is None else moment + timedelta(seconds=expires),
        )


class Run(NamedTuple):
    """Which run of which job is meant."""

    id: str
    run: int


class EndedRun(NamedTuple):
    """A run of which PostgreSQL has the end."""

    id: str
    run: int
    state: State
    finished_at: datetime


class Wish(NamedTuple):
    """An unfinished job that somebody wants cancelled, and whether nobody has wanted that before."""

    job: Job
    is_new: bool


class JobStore:
    """Reads and writes jobs. Each write says in SQL from which states it may happen."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.tries = TryStore(database)

    async def insert(self, jobs: Sequence[NewJob], *, connection: Connection) -> list[Job | None]:
        """Store jobs as accepted, all or none, by one statement; give them in the same order.

        None stands for one that was not stored, since there is a job under its idempotency key.
        """
        rows = {row["id"]: row for row in await connection.fetch(_SQL["insert"], jobs)}
        return [None if (row := rows.get(job.id)) is None else _stored(job, row) for job in jobs]

    async def unfinished_of(self, owners: Sequence[str], *, connection: Connection | None = None) -> Mapping[str, int]:
        """Count the unfinished jobs of these owners; who has none is not among them."""
        rows = await (connection or self._database).fetch(_SQL["unfinished_of"], list(owners))
        return {row["owner"]: row["amount"] for row in rows}

    async def use_of(self, owner: str, key: str) -> HeldUse | None:
        """Give what was submitted under an idempotency key in the last day."""
        async with self._database.keep() as connection:
            row = await connection.fetch_row(_SQL["use_of"], owner, key)
        return None if row is None else HeldUse(row["print"], row["job_id"])

    async def uses_of(self, job_ids: Sequence[str]) -> list[KeptUse]:
        """Give the idempotency keys that have led to these jobs in the last day."""
        rows = await self._database.fetch(_SQL["uses_of"], list(job_ids))
        return [KeptUse(**row) for row in rows]

    async def drop_old_keys(self, *, limit: int) -> int:
        """Drop idempotency keys that are good for nothing any more; give how many."""
        async with self._database.keep() as connection:
            return len(await connection.fetch(_SQL["drop_old_keys"], limit))

    async def get(self, job_id: str, *, owner: str | None = None, connection: Connection | None = None) -> Job | None:
        """Give a job, or None; with `owner` also None where it is somebody else's."""
        row = await (connection or self._database).fetch_row(_SQL["get"], job_id, owner)
        return None if row is None else job_of(row)

    async def of_name(
        self, task: str, owner: str, unique_key: str, *, connection: Connection | None = None
    ) -> Job | None:
        """Give an unfinished job that has this name, as far as PostgreSQL knows."""
        row = await (connection or self._database).fetch_row(_SQL["of_name"], task, owner, unique_key)
        return None if row is None else job_of(row)

    async def withdraw(self, job_id: str) -> None:
        """Take back an accepted job that nobody was told of and that Redis has refused."""
        await self._database.execute(_SQL["withdraw"], job_id)

    async def supersede(self, job: Job, failure: Failure) -> None:
        """End an accepted job that Redis has refused for good."""
        await self._database.execute(_SQL["supersede"], job.id, job.run, failure.as_mapping())

    async def want_cancelled(
        self, job_id: str, *, owner: str | None, connection: Connection | None = None
    ) -> Wish | None:
        """Note the wish to cancel an unfinished job; None where there is none or it has ended."""
        row = await (connection or self._database).fetch_row(_SQL["want_cancelled"], job_id, owner)
        return None if row is None else Wish(job_of(row), row["is_new"])

    async def cancel_wanted(self, *, after: Job | None, older_than_s: float, limit: int) -> list[Job]:
        """Give unfinished jobs that somebody has wanted cancelled for so long, from the first after this one on."""
        place = (_FIRST, "") if after is None else (after.cancel_requested_at, after.id)
        return [job_of(row) for row in await self._database.fetch(_SQL["cancel_wanted"], older_than_s, *place, limit)]

    async def unfinished(self, *, after: Job | None, older_than_s: float, limit: int) -> list[Job]:
        """Give unfinished jobs owner by owner, as they were accepted, from the first after this one on."""
        place = ("", _FIRST, "") if after is None else (after.owner, after.accepted_at, after.id)
        return [job_of(row) for row in await self._database.fetch(_SQL["unfinished"], *place, older_than_s, limit)]

    async def first_unfinished(self, *, owner: str | None, limit: int) -> list[Job]:
        """Give the first unfinished jobs of an owner, None for everybody's."""
        return [job_of(row) for row in await self._database.fetch(_SQL["first_unfinished"], owner, limit)]

    async def owners_of(self, job_ids: Sequence[str]) -> Mapping[str, str]:
        """Give whose those of these jobs are that there are."""
        rows = await self._database.fetch(_SQL["owners_of"], _fit_for_rows(job_ids))
        return {row["id"]: row["owner"] for row in rows}

    async def still_unfinished(self, job_ids: Sequence[str]) -> list[Job]:
        """Give those of these jobs that have not ended."""
        return [job_of(row) for row in await self._database.fetch(_SQL["still_unfinished"], list(job_ids))]

    async def ended_since(self, moment: datetime, *, after: str, limit: int) -> list[EndedRun]:
        """Give what has ended, in the order of their ends, from the first after this moment and id on."""
        rows = await self._database.fetch(_SQL["ended_since"], moment, after, limit)
        return [EndedRun(row["id"], row["run"], State(row["state"]), row["finished_at"]) for row in rows]

    async def runs_of(self, job_ids: Sequence[str]) -> Mapping[str, int]:
        """Give the runs of those of these jobs that there are."""
        rows = await self._database.fetch(_SQL["runs_of"], _fit_for_rows(job_ids))
        return {row["id"]: row["run"] for row in rows}

    async def drop_ended(self, *, older_than_days: int, limit: int) -> int:
        """Drop jobs that have ended before that; give how many."""
        return len(await self._database.fetch(_SQL["drop_ended"], older_than_days, limit))

    async def bury_event(self, told: str, *, reason: str) -> None:
        """Put an event that cannot be written where somebody may look at it."""
        await self._database.execute(_HISTORY["bury_event"], told, reason)

    async def rerun(self, jobs: Sequence[Job], *, origin: str | None, connection: Connection) -> list[Job]:
        """Accept ended jobs once more, each as its next run; leave out those of another run, or that did not end badly.

        A job's own state counts too: the history may be behind what Redis knows. Its batch is open again. They
        come from `origin` from now on, unless that is None.
        """
        runs = [[job.id for job in jobs], [job.run for job in jobs], [job.state in _BAD_ENDS for job in jobs]]
        return [job_of(row) for row in await connection.fetch(_SQL["rerun"], *runs, origin)]

    async def mark_enqueued(self, job_ids: Sequence[str]) -> None:
        """Note that Redis has these jobs, where the history has not said so yet."""
        await self._database.execute(_SQL["mark_enqueued"], list(job_ids))

    async def not_enqueued(self, *, older_than_s: float, limit: int) -> list[Job]:
        """Give accepted jobs that never reached Redis, oldest first."""
        return [job_of(row) for row in await self._database.fetch(_SQL["not_enqueued"], older_than_s, limit)]

    async def note_progress(self, job: Job, progress: Progress) -> None:
        """Store how far the job is, unless a later start has taken over."""
        await self._database.execute(_SQL["progress"], job.id, job.fence, progress.as_mapping())

    async def apply(self, events: bytes) -> list[str]:
        """Write what became of jobs: a JSON array of transitions, as the scripts tell them, in any order.

        An event that carries a row makes the job, unless it is there. A higher run wins. Within a run an end is final,
        and of the other states the highest version wins; so any order and any repetition give the same rows. PostgreSQL
        reads the events itself: in the event loop that would cost as much as running the jobs.

        Of its start a job's row tells even where that is heard of after the end. Batches of which a job ends are
        marked, for whoever closes them; with a later run of a member one is open again. Gives the ids of jobs that are
        not there: of those nothing is written.
        """
        if _ROW in events:  # seldom: PostgreSQL was away when the job was accepted, or it is a stock client's
            await self._database.execute(_HISTORY["create"], codec.embed(events))
        (left,) = await self._database.fetch(_HISTORY["apply"], codec.embed(events))
        if left["is_late"]:
            await self.tries.begin(events)
        await self.tries.close(events)
        return list(left["missing"])


def _fit_for_rows(job_ids: Sequence[str]) -> list[str]:
    """Leave out what no column holds: strangers' ids."""
    return [job_id for job_id in job_ids if "\x00" not in job_id]


def _stored(job: NewJob, row: Row) -> Job:
    return job.accepted(at=row["accepted_at"], run_at=row["run_at"], expires_at=row["expires_at"])


def job_of(row: Row) -> Job:
    """Read a row of the table."""
    return Job(
        id=row["id"],
        task=row["task"],
        queue=row["queue"],
        owner=row["owner"],
        state=State(row["state"]),
        priority=row["priority"],
        args=row["args"],
        tags=tuple(row["tags"]),
        run=row["run"],
        fence=row["fence"],
        tries=row["tries"],
        max_tries=row["max_tries"],
        timeout_s=row["timeout_s"],
        accepted_at=row["accepted_at"],
        run_at=row["run_at"],
        expires_at=row["expires_at"],
        unique_key=row["unique_key"],
        origin=row["origin"],
        batch_id=row["batch_id"],
        cancel_requested_at=row["cancel_requested_at"],
        started_at=row["started_at"],
        worker=row["worker"],
        finished_at=row["finished_at"],
        progress=None if row["progress"] is None else Progress(**row["progress"]),
        result=row["result"],
        error=None if row["error"] is None else Failure(**row["error"]),
    )
