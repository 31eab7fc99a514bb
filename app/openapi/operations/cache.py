"""The cache."""

from app.api import cache
from app.openapi.operation import Answer, Operation, Operations
from app.problems import FORBIDDEN
from app.schemas.shapes.cache import CacheStatistics

CACHE: Operations = {
    cache.show_cache_statistics: Operation(
        summary="Show what the cache does",
        description="All processes together, since Redis last began anew; what others did in the last second may be "
        "missing.",
        answers={200: Answer(meaning="Hits, misses, sets and errors by type", shape=CacheStatistics)},
    ),
    cache.clear_cache: Operation(
        summary="Clear a type of cached values",
        description="At once, in every process. For administrators.",
        answers={204: Answer(meaning="None of its values is found any more", media_types=())},
        problems=(FORBIDDEN,),
    ),
}
