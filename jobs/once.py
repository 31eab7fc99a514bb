"""What is sent again under the same key is done once, and answered as at first. What it is, is others' business."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from hashlib import sha256
from typing import Protocol, TypeVar

import orjson
import structlog

from jobs.breaker import CircuitBreaker
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
from jobs.model import HeldUse, KeyUse
from jobs.stores.jobs import JobStore
from jobs.stores.keyring import Claim, Claimed, Keyring

LONGEST_KEY = 255
_DROPS_EACH_S = 1.0
_DROPPED_AT_ONCE = 1_000
_REFUSALS = (ConflictError, IdempotencyMismatchError, InvalidInputError, QuotaError)

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
    """Does deeds under keys. Either store alone keeps a second thing from being made. `run` goes on beside them."""

    def __init__(self, *, jobs: JobStore, keyring: Keyring, patience_s: float) -> None:
        """`patience_s`: how long to wait for PostgreSQL where there is an answer without it."""
        self._jobs = jobs
        self._keyring = keyring
        self._patience_s = patience_s
        self._breaker = CircuitBreaker(patience_s=patience_s)
        self._is_used = asyncio.Event()

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
            told = replace(use, is_claimed=claim.is_answered)
            answer = await self._done(owner, told, deed, thing_id=claim.job_id)
        except _REFUSALS:
            # Nothing was done now, but an earlier submission under this id may have done it.
            step = self._keyring.leave_open if claim.is_known else self._keyring.forget
            await _tried(step(owner, use, claimed=claim.job_id))
            raise
        except BaseException:
            await _tried(self._keyring.leave_open(owner, use, claimed=claim.job_id))
            raise
        job_id, packed = deed.id_of(answer), deed.pack(answer)
        await _tried(self._keyring.settle(owner, use, claimed=claim.job_id, job_id=job_id, answer=packed))
        self._is_used.set()
        return answer

    async def run(self) -> None:
        """Drop keys whose day is over, as new ones come, out of the way of answers: once a second at most."""
        while True:
            await self._is_used.wait()
            self._is_used.clear()
            await self._drop_old_keys()
            await asyncio.sleep(_DROPS_EACH_S)

    async def _drop_old_keys(self) -> None:
        if not self._breaker.lets_through():
            return
        try:
            dropped = await self._jobs.drop_old_keys(limit=_DROPPED_AT_ONCE)
        except StoreUnavailableError as error:
            log.warning("old_idempotency_keys_not_dropped", reason=str(error))
            self._breaker.failed()
            return
        self._breaker.answered()
        if dropped == _DROPPED_AT_ONCE:  # there are more
            self._is_used.set()

    async def _claim(self, owner: str, use: KeyUse) -> Claim:
        thing_id = new_job_id()
        try:
            return await self._keyring.claim(owner, use, job_id=thing_id)
        except StoreUnavailableError:
            return Claim(word=Claimed.FIRST, job_id=thing_id, is_answered=False)

    async def _done(self, owner: str, use: KeyUse, deed: Deed[Answer], *, thing_id: str) -> Answer:
        """Do it. Redis may lack a key that PostgreSQL has, which knows of it before it makes a thing.

        Where none is made, since it is refused or there is one already, PostgreSQL is asked: the key goes first.
        """
        try:
            answer = await deed.do(thing_id, use)
        except KeyHeldError:
            held = await self._jobs.use_of(owner, use.key)
            if held is None:
                raise _not_found() from None
            return await _again(held, use, deed)
        except (ConflictError, QuotaError):
            held = await self._looked_up(owner, use)
            if held is None:
                raise
            return await _again(held, use, deed)
        if deed.id_of(answer) == thing_id:
            return answer
        held = await self._looked_up(owner, use)
        return answer if held is None else await _again(held, use, deed)

    async def _looked_up(self, owner: str, use: KeyUse) -> HeldUse | None:
        """Give what PostgreSQL has under the key; None also where it does not answer in time."""
        if not self._breaker.lets_through():
            return None
        try:
            async with asyncio.timeout(self._patience_s):
                held = await self._jobs.use_of(owner, use.key)
        except (StoreUnavailableError, TimeoutError) as error:
            log.warning("idempotency_key_not_looked_up", reason=str(error) or "no answer in time")
            self._breaker.failed()
            return None
        self._breaker.answered()
        return held


def content_of(told: object) -> bytes:
    """Give what tells one content from another. Raises TypeError for what our JSON has no form for: 2**64, say."""
    return orjson.dumps(told, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def use_of(key: str, content: bytes) -> KeyUse:
    """Give the use of a key for this content. Raises InvalidInputError for a key of another form."""
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        detail = f"must be of 1 to {LONGEST_KEY} printable ASCII characters"
        raise InvalidInputError([Mistake(pointer="Idempotency-Key", detail=detail)])
    return KeyUse(key=key, print=sha256(content).hexdigest())


async def _again(held: HeldUse, use: KeyUse, deed: Deed[Answer]) -> Answer:
    """Give what was answered first."""
    if held.print != use.print:
        raise _mismatch()
    answer = await deed.found(held.job_id)
    if answer is None:
        raise _not_found()
    return answer


def _not_found() -> StoreUnavailableError:
    return StoreUnavailableError("what this Idempotency-Key stands for cannot be found now")


def _mismatch() -> IdempotencyMismatchError:
    return IdempotencyMismatchError("this Idempotency-Key was used for another submission; take a new one")


async def _tried(step: Awaitable[None]) -> None:
    """Do what is not needed for the answer: the other store holds the key too."""
    try:
        await step
    except StoreUnavailableError as error:
        log.warning("idempotency_key_not_kept", reason=str(error))
