"""Submissions that may be sent again: with the same key and the same content they lead to one job and one answer."""

from dataclasses import asdict, dataclass, replace

from jobs import codec
from jobs.arguments import ROOT
from jobs.errors import InvalidInputError, Mistake
from jobs.find import JobFinder
from jobs.model import Job, KeyUse, State
from jobs.once import Once, content_of, use_of
from jobs.stores import rows
from jobs.submission import Submission
from jobs.submit import Submitted, Submitter


class IdempotentSubmitter:
    """Submits under a key."""

    def __init__(self, *, submitter: Submitter, finder: JobFinder, once: Once) -> None:
        self._submitter = submitter
        self._finder = finder
        self._once = once

    async def submit(self, submission: Submission, *, key: str) -> Submitted:
        """Accept a job, or give what was answered first. Raises what `Submitter.submit` and `Once.do` raise."""
        try:
            content = content_of(asdict(submission))
        except TypeError as error:
            raise InvalidInputError([Mistake(pointer=ROOT, detail=str(error).lower())]) from None
        deed = _Submitting(submission=submission, submitter=self._submitter, finder=self._finder)
        return await self._once.do(submission.owner, use_of(key, content), deed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Submitting:
    """The deed."""

    submission: Submission
    submitter: Submitter
    finder: JobFinder

    async def do(self, thing_id: str, use: KeyUse) -> Submitted:
        """Accept the job."""
        return await self.submitter.submit(self.submission, job_id=thing_id, use=use)

    async def found(self, thing_id: str) -> Submitted | None:
        """Give the job as it was accepted."""
        job = await self.finder.get(thing_id)
        if job is None:
            return None
        return _as_accepted(job)

    def id_of(self, answer: Submitted) -> str:
        """Name the job."""
        return answer.job.id

    def pack(self, answer: Submitted) -> bytes:
        """Encode the job as it was accepted, and what was said of it."""
        return _packed(answer)

    def unpack(self, packed: bytes) -> Submitted:
        """Decode it."""
        told = codec.loads_plain(packed)
        job: Job = rows.unpack(codec.dumps(told["row"]))
        job = replace(job, state=State(told["state"]), is_written=told["is_written"])
        return Submitted(job=job, is_new=told["is_new"], is_replayed=True)


def first_answer(job: Job) -> bytes:
    """Encode what was answered as a job was accepted that PostgreSQL has."""
    return _packed(_as_accepted(job))


def _as_accepted(job: Job) -> Submitted:
    is_later = job.run_at is not None and job.run_at > job.accepted_at
    accepted = replace(rows.unpack(rows.pack(job)), is_written=True)
    state = State.SCHEDULED if is_later else State.QUEUED
    return Submitted(job=replace(accepted, state=state), is_new=True, is_replayed=True)


def _packed(answer: Submitted) -> bytes:
    job = answer.job
    told = {"is_new": answer.is_new, "state": job.state, "is_written": job.is_written}
    return codec.dumps({**told, "row": codec.embed(rows.pack(replace(job, use=None)))})
