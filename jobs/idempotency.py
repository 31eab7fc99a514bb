"""Submissions that may be sent again: with the same key and the same content they lead to one job and one answer."""

from collections.abc import Awaitable
from dataclasses import asdict, replace
from hashlib import sha256

import orjson
import structlog

from jobs import codec
from jobs.errors import (
    ConflictError,
    IdempotencyMismatchError,
    InvalidInputError,
    KeyHeldError,
    Mistake,
    QuotaError,
    StoreUnavailableError,
)
from jobs.find import JobFinder
from jobs.ids import new_job_id
from jobs.model import Job, State
from jobs.stores import rows
from jobs.stores.jobs import JobStore, KeyUse
from jobs.stores.keyring import Claim, Claimed, Keyring
from jobs.submission import Submission
from jobs.submit import Submitted, Submitter

LONGEST_KEY = 255

log = structlog.stdlib.get_logger(__name__)


class IdempotentSubmitter:
    """Submits under a key. Either store alone keeps a second job from being made."""

    def __init__(self, *, submitter: Submitter, jobs: JobStore, finder: JobFinder, keyring: Keyring) -> None:
        self._submitter = submitter
        self._jobs = jobs
        self._finder = finder
        self._keyring = keyring

    async def submit(self, submission: Submission, *, key: str) -> Submitted:
        """Accept a job, or give what was answered first.

        Beside what `Submitter.submit` raises: ConflictError while the first is in flight, IdempotencyMismatchError
        where it was something else. Where nobody knows what became of the first, its job id is used again, so that
        both are one job.
        """
        use = _use(key, submission)
        owner = submission.owner
        claim = await self._claim(owner, use)
        if claim.word is Claimed.MISMATCH:
            raise _mismatch()
        if claim.word is Claimed.BUSY:
            raise ConflictError("the first submission with this Idempotency-Key is in flight; try again soon")
        if claim.word is Claimed.DONE:
            return _unpacked(claim.answer)
        try:
            submitted = await self._submitter.submit(submission, job_id=claim.job_id, use=use)
        except KeyHeldError:
            submitted = await self._of_database(owner, use)
        except (InvalidInputError, QuotaError):
            await _tried(self._keyring.forget(owner, use))
            raise
        except BaseException:
            await _tried(self._keyring.leave_open(owner, use, job_id=claim.job_id))
            raise
        await _tried(self._keyring.settle(owner, use, job_id=submitted.job.id, answer=_packed(submitted)))
        await _tried(self._jobs.drop_old_keys())
        return submitted

    async def _claim(self, owner: str, use: KeyUse) -> Claim:
        job_id = new_job_id()
        try:
            return await self._keyring.claim(owner, use, job_id=job_id)
        except StoreUnavailableError:
            return Claim(word=Claimed.FIRST, job_id=job_id)

    async def _of_database(self, owner: str, use: KeyUse) -> Submitted:
        """Give what was answered first as far as PostgreSQL knows: the job as it was accepted."""
        held = await self._jobs.use_of(owner, use.key)
        if held is not None and held[0] != use.print:
            await _tried(self._keyring.forget(owner, use))
            raise _mismatch()
        job = None if held is None else await self._finder.get(held[1])
        if job is None:
            raise StoreUnavailableError("the job of this Idempotency-Key cannot be found now")
        is_later = job.run_at is not None and job.run_at > job.accepted_at
        accepted = replace(rows.unpack(rows.pack(job)), is_written=True)
        state = State.SCHEDULED if is_later else State.QUEUED
        return Submitted(job=replace(accepted, state=state), is_new=True, is_replayed=True)


def _use(key: str, submission: Submission) -> KeyUse:
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        detail = f"must be of 1 to {LONGEST_KEY} printable ASCII characters"
        raise InvalidInputError([Mistake(pointer="Idempotency-Key", detail=detail)])
    content = orjson.dumps(asdict(submission), default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return KeyUse(key=key, print=sha256(content).hexdigest())


def _mismatch() -> IdempotencyMismatchError:
    return IdempotencyMismatchError("this Idempotency-Key was used for another submission; take a new one")


async def _tried(step: Awaitable[None]) -> None:
    """Do what is not needed for the answer: the other store holds the key too."""
    try:
        await step
    except StoreUnavailableError as error:
        log.warning("idempotency_key_not_kept", reason=str(error))


def _packed(submitted: Submitted) -> bytes:
    job = submitted.job
    told = {"is_new": submitted.is_new, "state": job.state, "is_written": job.is_written}
    return codec.dumps({**told, "row": codec.embed(rows.pack(job))})


def _unpacked(answer: bytes) -> Submitted:
    told = codec.loads_plain(answer)
    job: Job = rows.unpack(codec.dumps(told["row"]))
    job = replace(job, state=State(told["state"]), is_written=told["is_written"])
    return Submitted(job=job, is_new=told["is_new"], is_replayed=True)
