"""The jobs of a batch on their way into line: by the script that every job goes through, without a record of each."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from jobs.errors import StoreUnavailableError
from jobs.model import State
from jobs.payload import frame_of
from jobs.stores.batches import NewBatch
from jobs.stores.queue import Enqueued, Queue
from jobs.stores.words import Own, Terms, Word, ms_of, name_of, terms_of, told

_AT_ONCE = 500  # some ms of Redis: others come in between
_UNIQUE = f"{Enqueued.UNIQUE}:".encode()
_STATES = {
    Enqueued.QUEUED: State.QUEUED,
    Enqueued.SCHEDULED: State.SCHEDULED,
    Enqueued.KNOWN: State.QUEUED,
    Enqueued.ENDED: State.EXPIRED,
    Enqueued.UNIQUE: State.CANCELLED,
}

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lined:
    """What became of the jobs of a batch: how many are in which state now.

    `holders` has those that were refused, each with the unfinished job that has its unique key.
    """

    counts: Mapping[State, int]
    holders: Mapping[str, str]


class Bulk:
    """Puts whole batches in line."""

    def __init__(self, queue: Queue, *, typical_s: Callable[[str], float]) -> None:
        """Take how long a task is taken to run until that is measured."""
        self._queue = queue
        self._typical_s = typical_s

    async def line_up(self, batch: NewBatch, *, at: datetime) -> Lined:
        """Put the jobs of a batch that was accepted at this time in line, in their order.

        Those that Redis does not take, or of which nobody knows, stay accepted and are put there later.
        """
        ids, answers = batch.members.ids, list[bytes]()
        words = _Words(batch, at=at, typical_s=self._typical_s)
        part = words.of(0)
        try:
            while part:
                call = asyncio.create_task(self._queue.put(part, batch_id=batch.id))
                await asyncio.sleep(0)  # so that it is sent: the next words are made while Redis is at it
                part = words.of(len(answers) + _AT_ONCE)
                answers += await call
        except StoreUnavailableError as error:
            log.warning("jobs_not_enqueued", amount=len(ids) - len(answers), reason=str(error))
        counts = Counter({State.ACCEPTED: len(ids) - len(answers)})
        for answer, amount in Counter(answers).items():
            counts[_STATES[Enqueued(answer.decode().partition(":")[0])]] += amount
        refused = [place for place, answer in enumerate(answers) if answer.startswith(_UNIQUE)]
        holders = {ids[place]: answers[place].removeprefix(_UNIQUE).decode() for place in refused}
        return Lined(counts={state: amount for state, amount in counts.items() if amount}, holders=holders)


class _Words:
    """The words of the jobs of a batch: terms are made once, and no record of a job is."""

    def __init__(self, batch: NewBatch, *, at: datetime, typical_s: Callable[[str], float]) -> None:
        self._owner = batch.owner
        self._members = batch.members
        self._terms: list[Terms] = []
        self._tasks: list[str] = []
        self._frames: list[tuple[str, str]] = []
        for term in batch.members.terms:
            self._terms.append(terms_of(term.accepted_at(at), typical_s=typical_s(term.task), is_new=True))
            self._tasks.append(term.task)
            self._frames.append(frame_of(term.task, enqueued_ms=ms_of(at), origin=term.origin))

    def of(self, first: int) -> list[Word]:
        """Give the words of a call, of the jobs from this place on; none behind the last."""
        places = range(first, min(first + _AT_ONCE, len(self._members.ids)))
        return told(map(self._job, places)) if places else []

    def _job(self, place: int) -> tuple[Terms, Own]:
        members = self._members
        term, unique_key = members.places[place] - 1, members.unique_keys[place]
        before, after = self._frames[term]
        name = "" if unique_key is None else name_of(self._tasks[term], self._owner, unique_key)
        return self._terms[term], (members.ids[place], name, 0, before + members.args[place] + after, b"")
