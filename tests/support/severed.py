"""Buckets at the far end of a line that a test cuts: what a limiter meets where Redis is away, at no server's pace."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from jobs.cancelling import cancel_until_ended
from ratelimit.bucket import BucketRequest, Buckets, Decision, Limit
from ratelimit.limiter import Limiter
from tests.support.conditions import eventually

Answer = TypeVar("Answer")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now_s

    def us(self) -> int:
        """Tell it in microseconds, as buckets are told."""
        return round(self.now_s * 1_000_000)

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds


class Line:
    """Buckets that answer as others do, unless they are cut: then a call raises `error`, or hangs where that is None.

    `asked` has the names of the calls that were made.
    """

    def __init__(self, far: Buckets) -> None:
        self._far = far
        self.asked: list[str] = []
        self.is_cut = False
        self.error: Exception | None = ConnectionError("cut")
        self._passing: int | None = None
        self._let_go = asyncio.Event()

    def hold_after(self, calls: int) -> None:
        """Let so many further calls pass, and hold back those that follow."""
        self._passing = calls
        self._let_go.clear()

    def let_go(self) -> None:
        """Let all pass."""
        self._passing = None
        self._let_go.set()

    async def acquire(self, *requests: BucketRequest) -> Decision:
        """As a bucket does."""
        return await self._carry("acquire", self._far.acquire, requests)

    async def peek(self, *requests: BucketRequest) -> Decision:
        """As a bucket does."""
        return await self._carry("peek", self._far.peek, requests)

    async def charge(self, *requests: BucketRequest) -> Decision:
        """As a bucket does."""
        return await self._carry("charge", self._far.charge, requests)

    async def refund(self, *requests: BucketRequest) -> None:
        """As a bucket does."""
        await self._carry("refund", self._far.refund, requests)

    async def clear(self, *requests: BucketRequest) -> None:
        """As a bucket does."""
        await self._carry("clear", self._far.clear, requests)

    async def _carry(
        self, name: str, call: Callable[..., Awaitable[Answer]], requests: tuple[BucketRequest, ...]
    ) -> Answer:
        self.asked.append(name)
        if self.is_cut:
            if self.error is None:
                await asyncio.Event().wait()
            else:
                raise self.error
        if self._passing == 0:
            await self._let_go.wait()
        elif self._passing:
            self._passing -= 1
        return await call(*requests)


def want(
    policy: str = "default",
    key: str = "user:1",
    *,
    amount: int = 60,
    period_s: int = 60,
    burst: int = 10,
    cost: int = 1,
) -> BucketRequest:
    """Ask for one token of a bucket that gets one a second, unless it is said otherwise."""
    limit = Limit(amount=amount, period_s=period_s, burst=burst)
    return BucketRequest(policy=policy, key=key, limit=limit, cost=cost)


@asynccontextmanager
async def running(limiter: Limiter) -> AsyncIterator[None]:
    """Let it look for Redis, until the end."""
    loop = asyncio.create_task(limiter.run())
    try:
        yield
    finally:
        await cancel_until_ended([loop], again_s=1.0)


async def returns(limiter: Limiter) -> None:
    """Let it look for Redis until it is back."""

    async def is_here() -> bool:
        return not limiter.is_away

    async with running(limiter):
        await eventually(is_here)
