"""The trail that the engine leaves in Redis: each transition of each job, in the order in which they were made."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from jobs import keys
from jobs.lifecycle import is_end
from jobs.model import State
from jobs.stores.events import Events

_READER = "trail"
_NOBODY = "nobody's job"
_PAGE = 2_000
_AGAIN_S = 0.02
_PINNED_AGAIN_S = 5.0
_LONGEST_START_S = 60.0
_HASTE_S = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One transition. `place` rises along the whole trail; `worker` is the process id of who claimed the job."""

    place: int
    job_id: str
    state: State
    version: int
    at_ms: int
    tries: int
    worker: int | None
    is_claim: bool


class Trail:
    """What has happened so far: `catch_up` reads on, all else is as of then. Owners are told by who submits."""

    def __init__(self, redis: Redis, pin: "Pin") -> None:
        self._redis = redis
        self._pin = pin
        self._last = pin.entry
        self._reading = asyncio.Lock()
        self._busy: Counter[str] = Counter()
        self._buried: set[str] = set()
        self.owners: dict[str, str] = {}
        self.steps: defaultdict[str, list[Step]] = defaultdict(list)
        self.claims: list[Step] = []
        self.ended: dict[str, Step] = {}
        self.ended_again: list[Step] = []
        self.running: dict[str, Step] = {}
        self.most_running: Counter[str] = Counter()  # by owner, each time that one was claimed
        self.length = 0

    async def catch_up(self) -> None:
        """Read what is new."""
        async with self._reading:
            while found := await self._redis.xrange(keys.EVENTS, min=f"({self._last.decode()}", count=_PAGE):
                for self._last, fields in found:
                    for told in orjson.loads(fields[b"events"]):
                        self._note(told)
            await self._pin.move()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Be the first to read when a Redis comes back that is being started: after a minute, others would trim."""
        holding = asyncio.create_task(self._hold())
        try:
            yield
        finally:
            await holding

    async def _hold(self) -> None:
        url = self._redis.connection_pool.connection_kwargs["path"]
        async with asyncio.timeout(_LONGEST_START_S), Redis(unix_socket_path=url) as hasty:
            while True:
                try:
                    await self._pin.touch(hasty)
                    break
                except RedisError:
                    await asyncio.sleep(_HASTE_S)
        await self.catch_up()

    async def bury(self, worker: int) -> None:
        """Count the jobs of a dead worker for running no more: Redis may come to know that late."""
        await self.catch_up()
        for job in [job for job, step in self.running.items() if step.worker == worker]:
            self._buried.add(job)
            self._busy[self.owners.get(job, "")] -= 1

    async def until(self, holds: Callable[[], object], *, within_s: float, what: str) -> None:
        """Wait until it holds; AssertionError that says what did not happen in time."""
        until = time.monotonic() + within_s
        await self.catch_up()
        while not holds():
            assert time.monotonic() < until, f"not within {within_s:g} s: {what}; {self.summary()}"
            await asyncio.sleep(_AGAIN_S)
            await self.catch_up()

    async def until_ended(self, jobs: Iterable[str], *, within_s: float) -> None:
        """Wait until all of these jobs have ended."""
        left = set(jobs)

        def none_left() -> bool:
            left.difference_update(self.ended)
            return not left

        await self.until(none_left, within_s=within_s, what="all have ended")

    async def until_running(self, jobs: Iterable[str], *, on: int | None = None, within_s: float) -> None:
        """Wait until all of these jobs run, on the worker of this process id where one is given."""
        wanted = list(jobs)

        def all_run() -> bool:
            steps = [self.running.get(job) for job in wanted]
            return all(step is not None and on in {None, step.worker} for step in steps)

        await self.until(all_run, within_s=within_s, what="all are running")

    def claims_of(self, job: str) -> list[Step]:
        """Give the claims of a job, the first one first."""
        return [step for step in self.steps[job] if step.is_claim]

    def waited_ms(self, job: str) -> int:
        """Give how long a job waited from its enqueueing to its first claim."""
        steps = self.steps[job]
        return next(step.at_ms for step in steps if step.is_claim) - steps[0].at_ms

    def summary(self) -> str:
        """Say in a line how far the trail goes."""
        last = Counter(steps[-1].state.value for steps in self.steps.values())
        return f"jobs by their last state: {dict(last)}, claims: {len(self.claims)}"

    def _note(self, told: dict[str, str]) -> None:
        state, worker, job = State(told["state"]), told.get("worker"), told["id"]
        if job == _NOBODY:
            return
        step = Step(
            place=self.length,
            job_id=job,
            state=state,
            version=int(told["v"]),
            at_ms=int(told["at"]),
            tries=int(told.get("try") or 0),
            worker=None if worker is None else int(worker.split("-")[-2]),
            # A run that went on after its lease had run out has the fence of its claim.
            is_claim=state is State.RUNNING and "fence" not in told,
        )
        self.length += 1
        self.steps[job].append(step)
        owner = self.owners.get(job, "")
        if self.running.pop(job, None) is not None and job not in self._buried:
            self._busy[owner] -= 1
        self._buried.discard(job)
        if state is State.RUNNING:
            self.running[job] = step
            self._busy[owner] += 1
        if step.is_claim:
            self.claims.append(step)
            self.most_running[owner] = max(self.most_running[owner], self._busy[owner])
        if is_end(state):
            if job in self.ended:
                self.ended_again.append(step)
            self.ended.setdefault(job, step)


class Pin:
    """An entry that a reader of the group does not confirm, so that nothing after it is trimmed.

    It moves on every few seconds: what is not confirmed for long keeps back more than the trimming.
    """

    def __init__(self, redis: Redis, entry: bytes) -> None:
        self._redis = redis
        self.entry = entry
        self._next: bytes | None = None
        self._moved = time.monotonic()

    async def move(self) -> None:
        """Move on, if it is time, to an entry of ours that has been read and confirmed by a worker."""
        if self._next is None:
            if time.monotonic() - self._moved > _PINNED_AGAIN_S:
                self._next = await add_nothing(self._redis)
        elif await self._is_confirmed(self._next):
            group = (keys.EVENTS, keys.HISTORY_GROUP, _READER)
            await self._redis.xclaim(*group, 0, [self._next], force=True, justid=True)
            await self.remove()
            self.entry, self._next, self._moved = self._next, None, time.monotonic()

    async def touch(self, redis: Redis) -> None:
        """Be held from now on, as if just read."""
        await redis.xclaim(keys.EVENTS, keys.HISTORY_GROUP, _READER, 0, [self.entry], justid=True)

    async def remove(self) -> None:
        """Let go."""
        await self._redis.xack(keys.EVENTS, keys.HISTORY_GROUP, self.entry)

    async def _is_confirmed(self, entry: bytes) -> bool:
        (group,) = await self._redis.xinfo_groups(keys.EVENTS)
        if _place(group["last-delivered-id"]) < _place(entry):
            return False
        return not await self._redis.xpending_range(keys.EVENTS, keys.HISTORY_GROUP, entry, entry, 1)


async def add_nothing(redis: Redis) -> bytes:
    """Write an event of a job that there is not."""
    told = {"id": _NOBODY, "run": "1", "v": "1", "state": State.QUEUED, "at": "0", "try": "0"}
    entry: bytes = await redis.xadd(keys.EVENTS, {"events": orjson.dumps([told])})
    return entry


@asynccontextmanager
async def trail_of(redis: Redis) -> AsyncIterator[Trail]:
    """Follow the trail from here on. No worker may run yet."""
    await Events(redis, consumer=_READER).open()
    pin = Pin(redis, await add_nothing(redis))
    found = await redis.xreadgroup(keys.HISTORY_GROUP, _READER, {keys.EVENTS: ">"}, count=1)
    assert [entry for _, entries in found for entry, _ in entries] == [pin.entry], "there are events already"
    try:
        yield Trail(redis, pin)
    finally:
        await pin.remove()
        await redis.xgroup_delconsumer(keys.EVENTS, keys.HISTORY_GROUP, _READER)


def _place(entry: bytes) -> tuple[int, int]:
    ms, _, number = entry.partition(b"-")
    return int(ms), int(number)
