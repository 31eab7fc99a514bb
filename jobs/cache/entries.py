"""What Redis keeps of the cache: values, who makes one, tags and counts. When to trust them is decided elsewhere."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from redis.asyncio import Redis

from jobs import keys
from jobs.cache.scopes import Place
from jobs.stores.redis import patiently

_LUA = Path(__file__).parent / "lua"


def _script(name: str) -> str:
    return (_LUA / f"{name}.lua").read_text(encoding="utf-8")


_LOOK, _SETTLE, _DROP = map(_script, ("look", "settle", "drop"))


class Outlook(StrEnum):
    """What a reader finds."""

    FOUND = "found"  # `body` is the value
    WAIT = "wait"  # another makes it, and holds others up for `left_ms` more at most
    LEAD = "lead"  # the reader is to make it; `marks` tell what had been written when it looked


class Look(NamedTuple):
    """A look for a value."""

    outlook: Outlook
    body: bytes = b""
    left_ms: int = 0
    marks: bytes = b""


class Entries:
    """All calls raise StoreUnavailableError where Redis is away, slow or full."""

    def __init__(self, redis: Redis, *, patience_s: float, write_patience_s: float) -> None:
        """`patience_s` bounds a look and a value's way in, `write_patience_s` what no reader waits for."""
        self._redis = redis
        self._patience_s = patience_s
        self._write_patience_s = write_patience_s

    async def look(self, place: Place, *, leader: str, lead_ms: int) -> Look:
        """Look for a value; who finds none is to make it, and holds others up for `lead_ms` at most."""
        names = (place.value, place.flight, keys.CACHE_TAGS)
        async with patiently(self._patience_s):
            word, told = await self._run(_LOOK, names, leader, lead_ms, *place.tags)
        outlook = Outlook(word.decode())
        match outlook:
            case Outlook.FOUND:
                return Look(outlook, body=told)
            case Outlook.WAIT:
                return Look(outlook, left_ms=told)
            case Outlook.LEAD:
                return Look(outlook, marks=told)

    async def store(self, place: Place, body: bytes, *, marks: bytes, leader: str, ttl_ms: int) -> bool:
        """Store what a leader has made, unless something was written since it looked; say whether it was stored."""
        return await self._settle(place, marks, leader, ttl_ms, body)

    async def leave(self, place: Place, *, marks: bytes, leader: str) -> None:
        """Let another make a value."""
        await self._settle(place, marks, leader, 0, b"")

    async def drop(self, versions: Mapping[str, int]) -> None:
        """Let no value of these tags be found any more; the versions are those that PostgreSQL has."""
        pairs = [word for tag, version in versions.items() for word in (tag, version)]
        async with patiently(self._write_patience_s):
            await self._run(_DROP, (keys.CACHE_TAGS, keys.DOOR), *pairs)

    async def versions(self) -> Mapping[str, int]:
        """Give the version of each tag that Redis has heard of."""
        async with patiently(self._write_patience_s):
            found: dict[bytes, bytes] = await self._redis.hgetall(keys.CACHE_TAGS)  # type: ignore[misc]
        return {tag.decode(): int(told.partition(b":")[0]) for tag, told in found.items()}

    async def add(self, counted: Mapping[str, int]) -> None:
        """Add what was counted. Where the answer gets lost it may be added, or not."""
        async with patiently(self._write_patience_s), self._redis.pipeline(transaction=True) as pipe:
            for name, amount in counted.items():
                pipe.hincrby(keys.CACHE_COUNTS, name, amount)
            await pipe.execute()

    async def counted(self) -> Mapping[str, int]:
        """Give what all processes have counted since Redis last began anew."""
        async with patiently(self._write_patience_s):
            found: dict[bytes, bytes] = await self._redis.hgetall(keys.CACHE_COUNTS)  # type: ignore[misc]
        return {name.decode(): int(value) for name, value in found.items()}

    async def _settle(self, place: Place, marks: bytes, leader: str, ttl_ms: int, body: bytes) -> bool:
        names = (place.value, place.flight, keys.CACHE_TAGS)
        async with patiently(self._patience_s):
            return bool(await self._run(_SETTLE, names, marks, leader, ttl_ms, body, *place.tags))

    async def _run(self, script: str, names: tuple[str, ...], *args: str | bytes | int) -> Any:  # noqa: ANN401  each script has an answer of its own
        call: Any = self._redis.execute_command  # without annotations
        return await call("EVAL", script, len(names), *names, *args)
