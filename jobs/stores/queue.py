"""Puts jobs in line in Redis, and shows those that are there. Taking them out is the workers', in leases."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from redis.asyncio import Redis

from jobs import codec, keys
from jobs.breaker import CircuitBreaker
from jobs.model import Failure, Job, State
from jobs.stores import rows
from jobs.stores.jobs import Run
from jobs.stores.redis import patiently
from jobs.stores.scripts import Script
from jobs.stores.words import Word, own_of, terms_of, told

MOST_AT_ONCE = 200
_BARRED_MS = 86_400_000

_ADMIT = Script("admit")
_ADMIT_ALL = Script("admit_all")
_ENQUEUE = Script("enqueue")
_CANCEL = Script("cancel")
_STOPPED = {"CancelledError": State.CANCELLED, "JobExpiredError": State.EXPIRED}  # by the error in arq's result


class Admission(StrEnum):
    """Whether a job may be accepted. FULL: too much has happened that is not written.

    UNKNOWN: Redis does not know what its owner may have; it is to be told (`jobs.stores.quotas`).
    """

    OK = "ok"
    QUOTA = "quota"
    FULL = "full"
    UNKNOWN = "unknown"


class Enqueued(StrEnum):
    """What became of a job that was to be put in line. UNIQUE: another unfinished one has its unique key.

    OLD and EPOCH: it was left, since the caller had looked too long ago, or at what Redis was before a loss.
    """

    QUEUED = "queued"
    SCHEDULED = "scheduled"
    KNOWN = "known"
    ENDED = "ended"
    UNIQUE = "unique"
    OLD = "old"
    EPOCH = "epoch"


class Cancelled(StrEnum):
    """What became of a run that was to be cancelled."""

    CANCELLED = "cancelled"  # it never started, and never will
    STOPPED = "stopped"  # it waited for another try
    ASKED = "asked"  # it runs; its worker has been told
    ENDED = "ended"  # before


class Verdict(NamedTuple):
    """Whether it may be; OK and QUOTA say how many places are free then, QUOTA how many its owner may have at all."""

    answer: Admission
    free: int = 0
    most: int = 0


class Room(NamedTuple):
    """Places for the jobs of a batch that is about to be accepted."""

    owner: str
    batch_id: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What became of a job that was to be put in line; `holder` is the job that has its unique key."""

    answer: Enqueued
    holder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A job on its way into the queue. `typical_s` is how long its task is taken to run until that is measured."""

    job: Job
    typical_s: float
    is_new: bool = True


class Queue:
    """The queue's front. No call takes longer than `patience_s` seconds, retries included.

    Groups of new jobs follow each other: while Redis owes an answer that is overdue, one of `admit` and `put` at a time
    waits for one, and the others raise StoreUnavailableError at once.
    """

    def __init__(self, redis: Redis, *, patience_s: float, step_ms: int) -> None:
        self._redis = redis
        self._patience_s = patience_s
        self._breaker = CircuitBreaker(patience_s=patience_s)
        self._step_ms = step_ms

    async def admit(self, jobs: Sequence[tuple[str, str]], *, most_events: int) -> list[Verdict]:
        """Take places for up to 200 jobs, given by id and owner, as far as he has some.

        A place is kept for half a minute, until `enqueue` makes it the job's. None is given while there are
        `most_events` (0: any number) that are not written.
        """
        args: list[str | int] = [most_events, len(jobs)]
        for job in jobs:
            args += job
        async with patiently(self._patience_s, self._breaker):
            return [_verdict(answer.decode()) for answer in await _ADMIT.run(self._redis, *args)]

    async def admit_all(self, room: Room, *, most_events: int) -> Verdict:
        """Take places for all of the jobs of a batch, or for none. The rest is as in `admit`."""
        async with self._patiently():
            answer = await _ADMIT_ALL.run(self._redis, most_events, *room)
        return _verdict(answer.decode())

    async def release_all(self, room: Room) -> None:
        """Give up the places that `admit_all` has taken and none of the jobs has made its own."""
        async with self._patiently():
            await self._redis.hdel(keys.reserved(room.owner), room.batch_id)  # type: ignore[misc]

    async def release(self, jobs: Sequence[tuple[str, str]]) -> None:
        """Give up places that `admit` has taken."""
        async with self._patiently():
            pipe = self._redis.pipeline(transaction=False)
            for job_id, owner in jobs:
                pipe.zrem(keys.reserve(owner), job_id)
            await pipe.execute()

    async def enqueue(
        self, entries: Sequence[Entry], *, issued_ms: int = 0, epoch: str = "", batch_id: str = ""
    ) -> list[Place]:
        """Put up to 200 jobs in line, in this order; one that is there, or has ended, is left as it is.

        `issued_ms` is Redis' time as of which old jobs were looked up: those of a look-up over a minute old are OLD.
        `epoch` names the content of Redis that the caller means (`switchyard:epoch`); nothing where any will do.
        With `batch_id` they are of one owner, and `admit_all` has taken their places under that name.
        Raises StoreUnavailableError where Redis does not answer; then nobody knows whether the jobs are in.
        """
        jobs = [
            (terms_of(one.job, typical_s=one.typical_s, is_new=one.is_new), own_of(one.job, is_new=one.is_new))
            for one in entries
        ]
        answers = await self.put(told(jobs), issued_ms=issued_ms, epoch=epoch, batch_id=batch_id)
        return [_place(answer.decode()) for answer in answers]

    async def put(
        self, words: Sequence[Word], *, issued_ms: int = 0, epoch: str = "", batch_id: str = ""
    ) -> list[bytes]:
        """Do the same for up to 500 jobs whose words are made (`jobs.stores.words`); give the answers as they are."""
        async with patiently(self._patience_s, self._breaker):
            answers: list[bytes] = await _ENQUEUE.run(self._redis, epoch, issued_ms, self._step_ms, batch_id, *words)
        return answers[1:]

    async def cancel(self, jobs: Sequence[Job | Run]) -> list[Cancelled]:
        """Cancel up to 200 runs: those that wait at once, those that run by a word to their workers."""
        args: list[str | int] = [len(jobs)]
        for job in jobs:
            args += (job.id, job.run)
        async with self._patiently():
            answers = await _CANCEL.run(self._redis, *args)
        return [Cancelled(answer.decode()) for answer in answers]

    async def bar(self, job: Job) -> None:
        """Let a job that was refused never start, should PostgreSQL, which did not answer, take it within a day."""
        async with self._patiently():
            await self._redis.set(keys.done(job.id), f"{job.run}:{job.fence}:cancelled", px=_BARRED_MS, nx=True)

    async def holder(self, task: str, owner: str, unique_key: str) -> str | None:
        """Give the id of the unfinished job that has a unique key."""
        return (await self.holders([(task, owner, unique_key)])).get((task, owner, unique_key))

    async def holders(self, names: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
        """Give the ids of the unfinished jobs that have unique keys, of those of these names that somebody has."""
        async with self._patiently():
            found = await self._redis.mget([keys.unique(*name) for name in names])
            held = {name: job_id.decode() for name, job_id in zip(names, found, strict=True) if job_id is not None}
            pipe = self._redis.pipeline(transaction=False)
            for job_id in held.values():
                pipe.exists(keys.job(job_id))
            lives = await pipe.execute()
        return {name: job_id for (name, job_id), is_alive in zip(held.items(), lives, strict=True) if is_alive}

    async def unwritten(self, job_id: str) -> Job | None:
        """Give a job that PostgreSQL did not take, as it was accepted: for a day, or None."""
        row = (await self.unwritten_rows([job_id])).get(job_id)
        return None if row is None else rows.unpack(row)

    async def unwritten_rows(self, job_ids: Sequence[str]) -> dict[str, bytes]:
        """Give the rows of those of these jobs that PostgreSQL did not take, as `jobs.stores.rows` packs them."""
        async with self._patiently():
            found = await self._redis.mget([keys.row(job_id) for job_id in job_ids])
        return {job_id: row for job_id, row in zip(job_ids, found, strict=True) if row is not None}

    async def live(self, job: Job) -> Job:
        """Give a job that has not ended for PostgreSQL as Redis knows it, which knows more until that is written."""
        ((live,), _) = await self.live_all([job])
        return live

    async def live_all(self, jobs: Sequence[Job]) -> tuple[list[Job], int]:
        """Give jobs like `live`, all of one moment, and the version of that: what is told later has a higher one."""
        async with self._patiently():
            pipe = self._redis.pipeline(transaction=len(jobs) > 1)
            pipe.get(keys.FENCE)
            for job in jobs:
                pipe.hmget(keys.job(job.id), ["run", "st", "f", "try", "m", "w"])
                pipe.get(keys.result(job.id))
                pipe.get(keys.done(job.id))
            version, *told = await pipe.execute()
        parts = zip(jobs, told[::3], told[1::3], told[2::3], strict=True)
        return [_live(*part) for part in parts], int(version or 0)

    async def ping(self) -> None:
        """Raise StoreUnavailableError unless Redis answers."""
        async with self._patiently():
            await self._redis.ping()

    def _patiently(self) -> AbstractAsyncContextManager[None]:
        return patiently(self._patience_s)


def state_of(result: Mapping[str, object]) -> State:
    """Read a state off arq's result: ours says it, a stock worker's only whether it was a success.

    Raises ValueError, LookupError, TypeError or AttributeError for what is none.
    """
    if isinstance(state := result.get("state"), str):
        return State(state)
    if result["s"]:
        return State.SUCCEEDED
    error = result["r"]
    return _STOPPED.get(codec.error_of(error)[0], State.FAILED) if isinstance(error, dict) else State.FAILED


def _held(job: Job, fields: Sequence[bytes | None]) -> Job:
    """Read what an unfinished job does off its hash."""
    run, state, fence, tries, changed, worker = ((value or b"").decode() for value in fields)
    held = replace(job, run=int(run), state=State(state), fence=max(int(fence or 0), job.fence), tries=int(tries or 0))
    if held.state is not State.RUNNING:
        return held
    return replace(held, started_at=_moment(int(changed)), worker=worker or None)


def _live(job: Job, held: Sequence[bytes | None], result: bytes | None, mark: bytes | None) -> Job:
    """Give a job as its hash, or what its end has left, tells."""
    if (run := held[0]) is not None:
        return _held(job, held) if int(run) >= job.run else job
    ended_run, _, rest = (mark or b"0::").decode().partition(":")
    if result is not None and (job.run == 1 or int(ended_run) >= job.run):
        return _ended(job, codec.loads_plain(result))
    return replace(job, state=State(rest.rpartition(":")[2])) if int(ended_run) >= job.run else job


def _ended(job: Job, result: dict[str, object]) -> Job:
    """Read an end off arq's result, to which ours adds the state and the failure."""
    failure = result.get("failure")
    # What the queue has ended by itself tells no start: it had none that this record knows of.
    started = _moment(int(str(result["st"]))) if result.get("by") != "queue" else job.started_at
    return replace(
        job,
        state=state_of(result),
        fence=max(int(str(result.get("fence", 0))), job.fence),
        tries=int(str(result["t"] or job.tries)),
        started_at=started,
        worker=job.worker if started == job.started_at else None,
        finished_at=_moment(int(str(result["ft"]))),
        result=result["r"] if result["s"] else None,
        error=Failure(**failure) if isinstance(failure, dict) else None,
    )


def _verdict(answer: str) -> Verdict:
    word, *numbers = answer.split(":")
    return Verdict(Admission(word), *map(int, numbers))


def _place(answer: str) -> Place:
    word, _, holder = answer.partition(":")
    return Place(answer=Enqueued(word), holder=holder or None)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
