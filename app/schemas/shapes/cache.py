"""What the cache does."""

from collections.abc import Sequence

from typing_extensions import TypedDict


class CacheTypeView(TypedDict):
    """One type of cached values: reads that were answered by the cache, those that asked PostgreSQL, and the rest.

    `errors` are questions that Redis did not answer; `hit_rate` is 0 to 1, null before the first read.
    """

    type: str
    hits: int
    misses: int
    sets: int
    errors: int
    hit_rate: float | None


class CacheStatistics(TypedDict):
    """All types, by name. There is one page."""

    items: Sequence[CacheTypeView]
    next_cursor: None
