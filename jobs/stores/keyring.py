"""Idempotency keys in Redis: what the submissions that carried them have led to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from redis.asyncio import Redis

from jobs import keys
from jobs.model import KeptUse, KeyUse
from jobs.stores.redis import patiently
from jobs.stores.scripts import Script

_CLAIM = Script("claim_key")
_SETTLE = Script("settle_key")


class Claimed(StrEnum):
    """What a key is good for."""

    FIRST = "first"  # nobody has used it, or nobody knows what became of that
    BUSY = "busy"  # the first submission is in flight
    MISMATCH = "mismatch"  # it was something else
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A key's word, the job that it stands for, and what was answered first where it is done.

    `is_known`: the job's id was given out before, so that there may be such a job. `is_answered`: Redis has said so.
    """

    word: Claimed
    job_id: str
    is_known: bool = False
    is_answered: bool = True
    answer: bytes = b""


class Keyring:
    """Holds keys for a day, and tells those in flight from those that are done. PostgreSQL holds none twice."""

    def __init__(self, redis: Redis, *, patience_s: float) -> None:
        self._redis = redis
        self._patience_s = patience_s

    async def claim(self, owner: str, use: KeyUse, *, job_id: str) -> Claim:
        """Claim a key in Redis for a job of this id. Raises StoreUnavailableError."""
        async with patiently(self._patience_s):
            word, known_id, answer = await _CLAIM.run(self._redis, f"{owner}:{use.key}", use.print, job_id)
        known = known_id.decode()
        return Claim(word=Claimed(word.decode()), job_id=known, is_known=known != job_id, answer=answer)

    async def settle(self, owner: str, use: KeyUse, *, claimed: str, job_id: str, answer: bytes) -> None:
        """Keep the first answer. `claimed`, here and below, is the job id of the claim: only its own key is changed."""
        await self._set(owner, use, claimed, _done(use.print, job_id, answer))

    async def bring(self, answers: Sequence[tuple[KeptUse, bytes]]) -> None:
        """Let Redis know of keys that PostgreSQL has, with the first answers, for the rest of their day.

        What it knows of them by itself stays.
        """
        async with patiently(self._patience_s):
            pipe = self._redis.pipeline(transaction=False)
            for kept, answer in answers:
                value = _done(kept.print, kept.job_id, answer)
                pipe.set(keys.idempotency(kept.owner, kept.key), value, px=kept.left_ms, nx=True)
            await pipe.execute()

    async def leave_open(self, owner: str, use: KeyUse, *, claimed: str) -> None:
        """Let the next submission go on with this job id: nobody knows what became of this one."""
        await self._set(owner, use, claimed, f"busy 0 {use.print} {claimed}".encode())

    async def forget(self, owner: str, use: KeyUse, *, claimed: str) -> None:
        """Give a key up in Redis: nothing has been done."""
        await self._set(owner, use, claimed, b"")

    async def _set(self, owner: str, use: KeyUse, claimed: str, value: bytes) -> None:
        async with patiently(self._patience_s):
            await _SETTLE.run(self._redis, f"{owner}:{use.key}", claimed, value)


def _done(print_: str, job_id: str, answer: bytes) -> bytes:
    return f"done 0 {print_} {job_id} ".encode() + answer
