"""What PostgreSQL knows of how far stewards are behind. It writes nothing, and enters no site."""

import math
from dataclasses import dataclass
from pathlib import Path

from jobs.stores.database import Database
from jobs.stores.queries import load_queries

MOST_COUNTED = 10_000

_IN_TIME_S = 5.0  # until then a job's entry in line may be on its way, and the word of it too
_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrears:
    """`tick_age_s` is how long ago a steward has last compared the two stores; infinite where none has.

    `not_enqueued` are jobs accepted over five seconds ago of which PostgreSQL has not heard that Redis has them, up to
    MOST_COUNTED.
    """

    tick_age_s: float
    not_enqueued: int


class ArrearsStore:
    """Reads, in a time that does not depend on how much is in arrears."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self) -> Arrears:
        """Look. Raises StoreUnavailableError while PostgreSQL is away."""
        (row,) = await self._database.fetch(_SQL["read"], _IN_TIME_S, MOST_COUNTED)
        age_s = row["tick_age_s"]
        return Arrears(tick_age_s=math.inf if age_s is None else max(age_s, 0.0), not_enqueued=row["not_enqueued"])
