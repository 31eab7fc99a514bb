"""What Redis keeps of attempts to log in: how many there were under a name, and when there may be the next."""

from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from app import keys
from jobs.stores.redis import answering

_SCRIPT = (Path(__file__).parent / "lua" / "attempt.lua").read_text(encoding="utf-8")


class AttemptStore:
    """Both calls raise StoreUnavailableError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def begin(self, username: str, *, free: int, longest_ms: int, forget_ms: int) -> int:
        """Count an attempt; give the ms still to wait where it must not be made yet, and was not counted."""
        call: Any = self._redis.execute_command  # without annotations
        with answering():
            return int(await call("EVAL", _SCRIPT, 1, keys.attempts(username), free, longest_ms, forget_ms))

    async def forget(self, username: str) -> None:
        """Forget what was counted: it was he."""
        with answering():
            await self._redis.delete(keys.attempts(username))
