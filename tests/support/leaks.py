"""What owners have in Redis: nothing, once all of their jobs have ended."""

from redis.asyncio import Redis

from jobs import keys

_OF_OWNERS = (keys.UNFINISHED, keys.OWNER, keys.RUNNING, keys.PARKED, keys.PARKED_QUEUES, keys.PARKED_OWNERS)
_PLACES = (keys.RESERVE, keys.RESERVED)
_KEPT_MS = 30_000
_GONE = -2  # as PTTL says it


async def assert_nobody_has_anything(redis: Redis) -> None:
    """Expect every index of every owner to be empty; a place that somebody who died has kept goes in half a minute."""
    left = [key for prefix in _OF_OWNERS async for key in redis.scan_iter(f"{prefix}*", count=1_000)]
    assert not left, f"owners still have: {sorted(left)}"
    places = [key for prefix in _PLACES async for key in redis.scan_iter(f"{prefix}*", count=1_000)]
    for key in places:
        life_ms = await redis.pttl(key)
        assert life_ms == _GONE or 0 <= life_ms <= _KEPT_MS, f"a place is kept for good: {key!r}"
