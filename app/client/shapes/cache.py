"""What the cache does."""

from typing import TypedDict


class CacheType(TypedDict):
    """One type of cached values: reads that were answered by the cache, those that asked PostgreSQL, and the rest.

    `errors` are questions that Redis did not answer; `hit_rate` is 0 to 1, None before the first read.
    """

    type: str
    hits: int
    misses: int
    sets: int
    errors: int
    hit_rate: float | None
