"""The jobs of a batch on their way into line: by the script that every job goes through, without a record of each."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from jobs.errors import StoreUnavailableError
from jobs.model import State
from jobs.payload import frame_of
from jobs.stores.batches import NewBatch
from jobs.stores.queue import (
    MOST_AT_ONCE,
    PLACE_OF_NAME,
    PLACE_OF_PAYLOAD,
    Enqueued,
    Entry,
    Queue,
    Word,
    name_of,
    words_of,
)

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
        words = _Words(batch, at=at, typical_s=self._typical_s)
        ids, answers = batch.members.ids, list[bytes]()
        try:
            for first in range(0, len(ids), MOST_AT_ONCE):
                part = range(first, min(first + MOST_AT_ONCE, len(ids)))
                answers += await self._queue.put(words.of(part), len(part))
        except StoreUnavailableError as error:
            log.warning("jobs_not_enqueued", amount=len(ids) - len(answers), reason=str(error))
        counts = Counter({State.ACCEPTED: len(ids) - len(answers)})
        for answer, amount in Counter(answers).items():
            counts[_STATES[Enqueued(answer.decode().partition(":")[0])]] += amount
        refused = [place for place, answer in enumerate(answers) if answer.startswith(_UNIQUE)]
        holders = {ids[place]: answers[place].removeprefix(_UNIQUE).decode() for place in refused}
        return Lined(counts={state: amount for state, amount in counts.items() if amount}, holders=holders)


class _Words:
    """The words of the jobs of a batch: of each of the terms once, and for a job what is its own put into those."""

    def __init__(self, batch: NewBatch, *, at: datetime, typical_s: Callable[[str], float]) -> None:
        self._owner = batch.owner
        self._members = batch.members
        self._terms = batch.members.terms
        models = [words_of(Entry(job=term.accepted_at(at), typical_s=typical_s(term.task))) for term in self._terms]
        self._heads = [model[1:PLACE_OF_NAME] for model in models]
        self._middles = [model[PLACE_OF_NAME + 1 : PLACE_OF_PAYLOAD] for model in models]
        self._tails = [model[PLACE_OF_PAYLOAD + 1 :] for model in models]
        enqueued_ms = round(at.timestamp() * 1000)
        self._frames = [frame_of(term.task, enqueued_ms=enqueued_ms) for term in self._terms]

    def of(self, part: Sequence[int]) -> list[Word]:
        """Give the words of the jobs at these places."""
        members, words = self._members, list[Word]()
        for place in part:
            term = members.places[place] - 1
            unique_key = members.unique_keys[place]
            name = "" if unique_key is None else name_of(self._terms[term].task, self._owner, unique_key)
            before, after = self._frames[term]
            payload = before + members.args[place] + after
            words += (members.ids[place], *self._heads[term], name, *self._middles[term], payload, *self._tails[term])
        return words
