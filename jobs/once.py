"""What is sent again under the same key is done once, and answered as at first. What it is, is others' business."""

from collections.abc import Awaitable
from hashlib import sha256
from typing import Protocol, TypeVar

import orjson
import structlog

from jobs.errors import (
    ConflictError,
    IdempotencyMismatchError,
    InvalidInputError,
    KeyHeldError,
    Mistake,
    QuotaError,
    StoreUnavailableError,
)
from jobs.ids import new_job_id
from jobs.stores.jobs import JobStore, KeyUse
from jobs.stores.keyring import Claim, Claimed, Keyring

LONGEST_KEY = 255

Answer = TypeVar("Answer")

log = structlog.stdlib.get_logger(__name__)


class Deed(Protocol[Answer]):
    """Something that makes one thing, under an id that it is given, and has an answer that can be kept."""

    async def do(self, thing_id: str, use: KeyUse) -> Answer:
        """Do it. Raises KeyHeldError where PostgreSQL has something under this key."""

    async def found(self, thing_id: str) -> Answer | None:
        """Give the answer again, from what PostgreSQL has; None where it has no such thing."""

    def id_of(self, answer: Answer) -> str:
        """Name the thing."""

    def pack(self, answer: Answer) -> bytes:
        """Encode an answer."""

    def unpack(self, packed: bytes) -> Answer:
        """Decode it, as one that is given again."""


class Once:
    """Does deeds under keys. Either store alone keeps a second thing from being made."""

    def __init__(self, *, jobs: JobStore, keyring: Keyring) -> None:
        self._jobs = jobs
        self._keyring = keyring

    async def do(self, owner: str, use: KeyUse, deed: Deed[Answer]) -> Answer:
        """Do it, or give what was answered first.

        Beside what the deed raises: ConflictError while the first is in flight, IdempotencyMismatchError where it was
        something else. Where nobody knows what became of the first, its id is used again, so that both are one thing.
        """
        claim = await self._claim(owner, use)
        if claim.word is Claimed.MISMATCH:
            raise _mismatch()
        if claim.word is Claimed.BUSY:
            raise ConflictError("the first submission with this Idempotency-Key is in flight; try again soon")
        if claim.word is Claimed.DONE:
            return deed.unpack(claim.answer)
        try:
            answer = await deed.do(claim.job_id, use)
        except KeyHeldError:
            answer = await self._of_database(owner, use, deed, claim)
        except (InvalidInputError, QuotaError):
            await self._give_up(owner, use, claim)
            raise
        except BaseException:
            await _tried(self._keyring.leave_open(owner, use, claimed=claim.job_id))
            raise
        job_id, packed = deed.id_of(answer), deed.pack(answer)
        await _tried(self._keyring.settle(owner, use, claimed=claim.job_id, job_id=job_id, answer=packed))
        await _tried(self._jobs.drop_old_keys())
        return answer

    async def _claim(self, owner: str, use: KeyUse) -> Claim:
        thing_id = new_job_id()
        try:
            return await self._keyring.claim(owner, use, job_id=thing_id)
        except StoreUnavailableError:
            return Claim(word=Claimed.FIRST, job_id=thing_id)

    async def _give_up(self, owner: str, use: KeyUse, claim: Claim) -> None:
        """Let the key go: nothing was done now, but an earlier submission under this id may have done it."""
        step = self._keyring.leave_open if claim.is_known else self._keyring.forget
        await _tried(step(owner, use, claimed=claim.job_id))

    async def _of_database(self, owner: str, use: KeyUse, deed: Deed[Answer], claim: Claim) -> Answer:
        held = await self._jobs.use_of(owner, use.key)
        if held is not None and held[0] != use.print:
            await self._give_up(owner, use, claim)
            raise _mismatch()
        answer = None if held is None else await deed.found(held[1])
        if answer is None:
            raise StoreUnavailableError("what this Idempotency-Key stands for cannot be found now")
        return answer


def content_of(told: object) -> bytes:
    """Give what tells one content from another. Raises TypeError for what our JSON has no form for: 2**64, say."""
    return orjson.dumps(told, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def use_of(key: str, content: bytes) -> KeyUse:
    """Give the use of a key for this content. Raises InvalidInputError for a key of another form."""
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        detail = f"must be of 1 to {LONGEST_KEY} printable ASCII characters"
        raise InvalidInputError([Mistake(pointer="Idempotency-Key", detail=detail)])
    return KeyUse(key=key, print=sha256(content).hexdigest())


def _mismatch() -> IdempotencyMismatchError:
    return IdempotencyMismatchError("this Idempotency-Key was used for another submission; take a new one")


async def _tried(step: Awaitable[None]) -> None:
    """Do what is not needed for the answer: the other store holds the key too."""
    try:
        await step
    except StoreUnavailableError as error:
        log.warning("idempotency_key_not_kept", reason=str(error))
