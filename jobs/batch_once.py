"""Batches that may be sent again: with the same key and the same content they lead to one batch and one answer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from jobs import codec
from jobs.arguments import ROOT
from jobs.batch import Batch
from jobs.batch_check import BatchSubmission
from jobs.batch_submit import BatchSubmitter, SubmittedBatch
from jobs.errors import InvalidInputError, Mistake
from jobs.model import KeyUse, State
from jobs.once import Once, content_of, use_of
from jobs.stores.batches import BatchStore
from jobs.submission import Asked


class IdempotentBatches:
    """Submits under a key."""

    def __init__(self, *, submitter: BatchSubmitter, batches: BatchStore, once: Once) -> None:
        self._submitter = submitter
        self._batches = batches
        self._once = once

    async def submit(self, asked: BatchSubmission, *, key: str) -> SubmittedBatch:
        """Accept a batch, or give what was answered first. Raises what `BatchSubmitter.submit` and `Once.do` raise."""
        deed = _Submitting(asked=asked, submitter=self._submitter, batches=self._batches)
        try:
            content = content_of(_told(asked))
        except TypeError:
            raise InvalidInputError(_without_form(asked)) from None
        return await self._once.do(asked.owner, use_of(key, content), deed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Submitting:
    """The deed."""

    asked: BatchSubmission
    submitter: BatchSubmitter
    batches: BatchStore

    async def do(self, thing_id: str, use: KeyUse) -> SubmittedBatch:
        """Accept the batch."""
        return await self.submitter.submit(self.asked, batch_id=thing_id, use=use)

    async def found(self, thing_id: str) -> SubmittedBatch | None:
        """Give the batch as it was accepted."""
        batch = await self.batches.get(thing_id)
        if batch is None:
            return None
        states = Counter(_first_state(job, batch.created_at) for job in self.asked.jobs)
        return SubmittedBatch(batch=replace(batch, counts=dict(states), finished_at=None), is_replayed=True)

    def id_of(self, answer: SubmittedBatch) -> str:
        """Name the batch."""
        return answer.batch.id

    def pack(self, answer: SubmittedBatch) -> bytes:
        """Encode the batch as it was accepted."""
        return codec.dumps(asdict(answer.batch))

    def unpack(self, packed: bytes) -> SubmittedBatch:
        """Decode it."""
        told = codec.loads_plain(packed)
        counts = {State(state): amount for state, amount in told["counts"].items()}
        created_at = datetime.fromisoformat(told["created_at"])
        batch = Batch(**{**told, "counts": counts, "created_at": created_at})
        return SubmittedBatch(batch=batch, is_replayed=True)


def _first_state(job: Asked, at: datetime) -> State:
    is_later = bool(job.delay_s) or (job.run_at is not None and job.run_at > at)
    return State.SCHEDULED if is_later else State.QUEUED


def _told(asked: BatchSubmission) -> Mapping[str, object]:
    """Give what tells one batch from another; whatever was left out counts as what it then is."""
    return {
        "batch": asked.name,
        "jobs": [_words(job) for job in asked.jobs],
        "on_complete": None if asked.on_complete is None else _words(asked.on_complete),
    }


def _without_form(asked: BatchSubmission) -> list[Mistake]:
    """Name the arguments that have no JSON form of ours."""
    places = {f"/jobs/{place}": job for place, job in enumerate(asked.jobs)}
    if asked.on_complete is not None:
        places["/on_complete"] = asked.on_complete
    mistakes = list[Mistake]()
    for place, job in places.items():
        try:
            content_of(_words(job))
        except TypeError as error:
            mistakes.append(Mistake(pointer=place + ROOT, detail=str(error).lower()))
    return mistakes


def _words(job: Asked) -> Sequence[object]:
    return (
        *(job.task, job.args, job.priority, job.queue, job.delay_s, job.run_at, job.timeout_s, job.max_tries),
        *(job.unique_key, job.expires_in_s, job.tags),
    )
