"""The workers' side of the queue: claim, renew, finish, retry, hand back. Each call is one script."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from redis.asyncio import Redis
from redis.client import Redis as BlockingRedis

from jobs import codec, keys
from jobs.model import Failure, State
from jobs.stores.redis import answering
from jobs.stores.scripts import Argument, Script

ANY_TASK = ("*",)
FOREVER_MS = -1  # how long a result may be kept
WHOLE = b"="  # before a result that lacks nothing
MOST_ENDS = 200
MOST_RENEWED = 500
MOST_HANDED_BACK = 500
_LEFT_PAGE = 1_000  # as in the script
_FRESH_S = 60.0  # half of how long a script can tell that a run has ended

_CLAIM = Script("claim")
_RENEW = Script("renew")
_FINISH = Script("finish")
_RETRY = Script("retry")
_HAND_BACK = Script("hand_back")
_TICK = Script("tick")
_LEFT = Script("left")


class Answer(StrEnum):
    """Whether a run was still the worker's when it said something of it."""

    OK = "ok"
    CANCEL = "cancel"  # it is, but somebody wants it cancelled
    TAKEN = "taken"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What the workers of a site agree on, in ms."""

    lease_ms: int
    renew_ms: int
    step_ms: int

    @property
    def gap_ms(self) -> int:
        """Silence of all workers that tells an outage: shorter than that of one whose lease runs out."""
        return self.lease_ms - self.renew_ms


@dataclass(slots=True)
class Claimed:
    """A job as a claim hands it over: who holds which run of it with which fence, and what it is. Times in ms.

    A stock client's may expire, unless it is 0, and have a `row` (`jobs.stores.rows`): it goes along with whatever is
    told of it, since PostgreSQL was told of it by nobody. `known_at` is when Redis knew the run last, by the monotonic
    clock in seconds.
    """

    id: str
    run: int
    fence: int
    tries: int
    lost: int
    max_tries: int
    timeout_ms: float
    owner: str
    priority: int
    task: str
    at_ms: int
    due_ms: int
    payload: bytes
    queue: str
    started_ms: int
    expires_ms: int = 0
    row: bytes = b""
    known_at: float = field(default_factory=time.monotonic)

    @property
    def is_exhausted(self) -> bool:
        """Whether its workers were lost so often that it must not run again."""
        return self.lost >= self.max_tries

    @property
    def is_suspect(self) -> bool:
        """Whether it may be killing its workers; the script `claim` has the same rule, and why."""
        return self.lost > 1 or 0 < self.lost >= self.max_tries - 1


@dataclass(slots=True, kw_only=True)
class Ending:
    """The end of a run; `ms` is how long it ran, -1 where it did not.

    `result` is arq's record in JSON without its last field, the time, and the brace; or, behind WHOLE, all of it in
    whatever codec. It is kept for `keep_ms`: 0 not at all, FOREVER_MS without an end. `value` is what a success has
    given, in JSON, or the traceback of a failure.
    """

    claimed: Claimed
    state: State
    result: bytes
    keep_ms: int
    error: bytes
    value: bytes
    ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a claim gave. `next_due_ms` is -1 where nothing waits for its time."""

    now_ms: int
    answers: list[str]
    jobs: list[Claimed]
    more_ready: bool
    more_due: bool
    next_due_ms: int


class Leases:
    """One worker's door to the queue. All calls raise StoreUnavailableError while Redis is away."""

    def __init__(self, redis: Redis, listening: Redis, *, worker: str, timing: Timing, tasks: Sequence[str]) -> None:
        """Take a client for calls, and one for waits, `listening`, which has more patience than they last."""
        self.redis = redis
        self._listening = listening
        self._tasks = f"|{'|'.join(tasks)}|"
        self.worker = worker
        self.timing = timing

    async def claim(self, queue: str, *, request: str, slots: int, suspects: int, endings: Sequence[Ending]) -> Claim:
        """End up to 200 runs and take up to `slots` jobs.

        A repetition with the same `request` (worker-wide unique) gives the same jobs. `suspects` says which
        of those that have lost leases it may take: see the script.
        """
        timing = self.timing
        args: list[Argument] = [self.worker, request, queue, slots, timing.lease_ms, timing.gap_ms, timing.step_ms]
        args += (suspects, self._tasks, len(endings))
        _add(args, endings)
        with answering():
            now, answers, jobs, more_ready, more_due, next_due = await _CLAIM.run(self.redis, *args)
        now_ms = int(now)
        return Claim(
            now_ms=now_ms,
            answers=[answer.decode() for answer in answers],
            jobs=[claimed_of(job, queue, now_ms) for job in jobs],
            more_ready=bool(more_ready),
            more_due=bool(more_due),
            next_due_ms=int(next_due),
        )

    async def finish(self, endings: Sequence[Ending]) -> list[str]:
        """End up to 200 runs."""
        args: list[Argument] = [len(endings)]
        _add(args, endings)
        with answering():
            return [answer.decode() for answer in await _FINISH.run(self.redis, *args)]

    async def retry(self, claimed: Claimed, failure: Failure, *, delay_ms: int, ms: int) -> Answer:
        """Let a run be tried again after a delay; the try that failed took `ms`."""
        args: list[Argument] = [self.timing.step_ms, claimed.id, claimed.run, claimed.fence, delay_ms]
        args += (codec.dumps(failure.as_mapping()), ms, failure.traceback)
        _add_rows(args, [claimed])
        with answering():
            answer = await _RETRY.run(self.redis, *args)
        return Answer(answer.decode())

    async def hand_back(self, runs: Sequence[Claimed], *, delay_ms: int = 0, task: str = "") -> None:
        """Put up to 500 runs that have stopped on this worker back in line, their tries not counted.

        With a delay they wait that long for a worker that knows their task; `task` is its name where only the payload
        has told it.
        """
        args: list[Argument] = [delay_ms, task, len(runs)]
        for claimed in runs:
            args += (claimed.id, claimed.run, claimed.fence)
        _add_rows(args, runs)
        with answering():
            await _HAND_BACK.run(self.redis, *args)

    async def wait_for_work(self, queue: str, *, timeout_s: float) -> None:
        """Sleep until somebody says that there may be work, at most so long."""
        with answering():
            await self._listening.blpop([keys.wake(queue)], timeout=timeout_s)  # type: ignore[misc,arg-type]

    async def tick(self, queues: Sequence[str], *, keeps_history: bool) -> None:
        """End what has expired waiting and what stock clients want aborted; to be called once a second.

        Without a history, old events are dropped where no reader has ever been.
        """
        with answering():
            await _TICK.run(self.redis, self.timing.lease_ms, int(keeps_history), *queues)

    async def is_anything_left(self, queue: str) -> bool:
        """Say whether a queue holds a job that a worker which knows these tasks may run now or later."""
        looked = 0
        while True:
            with answering():
                answer = await _LEFT.run(self.redis, queue, self._tasks, looked)
            if answer != b"more":
                return bool(answer == b"found")
            looked += _LEFT_PAGE


class Renewals:
    """Renews leases from a thread of its own."""

    def __init__(self, redis: BlockingRedis, *, worker: str, timing: Timing) -> None:
        self._redis = redis
        self._worker = worker
        self.timing = timing

    def renew(self, runs: Sequence[Claimed], *, asked: Iterable[tuple[str, str]] = ()) -> list[Answer]:
        """Renew up to 500; with none it still tells that a worker is alive. Raises StoreUnavailableError.

        What claims have given out whose replies have not been taken in, `asked` (queue, request), is renewed too.
        """
        args: list[Argument] = [self._worker, self.timing.lease_ms, self.timing.gap_ms, len(runs)]
        for claimed in runs:
            args += (claimed.id, claimed.run, claimed.fence)
        for queue, request in asked:
            args += (queue, request)
        with answering():
            answers = _RENEW.run_blocking(self._redis, *args)
        return [Answer(answer.decode()) for answer in answers]


def _add(args: list[Argument], endings: Sequence[Ending]) -> None:
    fresh_since = time.monotonic() - _FRESH_S
    for ending in endings:
        claimed = ending.claimed
        args += (claimed.id, claimed.run, claimed.fence, ending.state, claimed.tries, ending.result, ending.keep_ms)
        args += (ending.error, ending.value, ending.ms, claimed.queue, claimed.owner, claimed.task)
        args.append(int(claimed.known_at > fresh_since))
    _add_rows(args, (ending.claimed for ending in endings))


def _add_rows(args: list[Argument], runs: Iterable[Claimed]) -> None:
    """Add what stands at the end, of those that have it."""
    for claimed in runs:
        if claimed.row:
            args += (claimed.id, claimed.row)


def claimed_of(fields: list[Any], queue: str, now_ms: int) -> Claimed:
    """Read a job as the scripts `claim` and `lend` give it out."""
    job_id, run, fence, tries, lost, owner, task, rest, payload, *more = fields
    priority, at, due, most, timeout, _ = rest.split(b":")
    return Claimed(
        job_id.decode(),
        int(run),
        int(fence),
        tries,
        lost,
        int(most),
        float(timeout),
        owner.decode(),
        int(priority),
        task.decode(),
        int(at),
        int(due),
        payload,
        queue,
        now_ms,
        int(more[0].partition(b":")[0]) if more else 0,
    )
