"""What is shown of the cache."""

from collections.abc import Mapping

from app.schemas.shapes.cache import CacheStatistics
from jobs.cache.counts import Tally


def cache_statistics_view(tallies: Mapping[str, Tally]) -> CacheStatistics:
    """Show what was counted, by type."""
    return {
        "items": [
            {
                "type": name,
                "hits": tally.hits,
                "misses": tally.misses,
                "sets": tally.sets,
                "errors": tally.errors,
                "hit_rate": tally.hit_rate,
            }
            for name, tally in sorted(tallies.items())
        ],
        "next_cursor": None,
    }
