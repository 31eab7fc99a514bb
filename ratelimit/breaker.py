"""Whether Redis is asked. It knows neither what is asked nor what is done instead."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import TypeVar

import structlog
from redis.exceptions import TimeoutError as RedisTimeoutError

from ratelimit.counters import Cause, Counters
from ratelimit.deadline import Deadline

Answer = TypeVar("Answer")

_SILENCE = (TimeoutError, RedisTimeoutError)

log = structlog.stdlib.get_logger(__name__)


class AwayError(Exception):
    """Redis is not asked, or has not answered in time."""


class _State(Enum):
    HERE = auto()
    AWAY = auto()
    RETURNING = auto()  # it answers, and is being told of the last that it does not know


class Breaker:
    """Lets questions through to Redis until one of them fails, and then none until somebody brings it back.

    One failure is enough: a question that is decided elsewhere costs nothing, and one that waits in vain costs its
    asker the whole deadline.
    """

    def __init__(self, *, deadline_s: float, counters: Counters, clock: Callable[[], float]) -> None:
        """Give each question `deadline_s`. The clock, of any origin, only tells how long an outage was."""
        self._deadline = Deadline(deadline_s, missed=lambda: self._trip(TimeoutError("no answer in time")))
        self._counters = counters
        self._clock = clock
        self._state = _State.HERE
        self._tripped = asyncio.Event()
        self._decided = asyncio.Event()
        self._since = 0.0

    @property
    def is_away(self) -> bool:
        """Whether Redis is not asked."""
        return self._state is not _State.HERE

    async def through(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """Give Redis' answer; raises AwayError where there is none. A ValueError is the asker's own, and passes."""
        if self._state is _State.AWAY:
            raise AwayError
        try:
            return await self._deadline.bound(question() if self._state is _State.HERE else self._ask_then(question))
        except (AwayError, ValueError):
            raise
        except Exception as error:
            self._trip(error)
            raise AwayError from error

    async def tripped(self) -> None:
        """Return when Redis is away."""
        await self._tripped.wait()

    @contextmanager
    def returning(self) -> Iterator[None]:
        """Hold all questions back; at the end they go through. Where it is left by an error they go nowhere."""
        self._state = _State.RETURNING
        self._decided.clear()
        try:
            yield
        except BaseException:
            self._state = _State.AWAY
            raise
        else:
            self._state = _State.HERE
            self._tripped.clear()
            log.info("limiter_redis_back", away_s=round(self._clock() - self._since, 3))
        finally:
            self._decided.set()

    async def _ask_then(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask once it is decided whether Redis is back."""
        await self._decided.wait()
        if self._state is _State.AWAY:
            raise AwayError
        return await question()

    def _trip(self, error: Exception) -> None:
        """Ask no more. Whoever still waits for an answer is let go."""
        if self._state is not _State.HERE:
            return
        self._state = _State.AWAY
        self._since = self._clock()
        self._counters.outages[Cause.TIMEOUT if isinstance(error, _SILENCE) else Cause.ERROR] += 1
        log.warning("limiter_redis_away", error=type(error).__name__, reason=str(error))
        self._deadline.release()
        self._tripped.set()
