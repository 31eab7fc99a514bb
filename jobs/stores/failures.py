"""Failed jobs by their cause, from PostgreSQL: what its fingerprint says is task, error type and place in the code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jobs.model import Failure, Job
from jobs.stores.database import Database, Row
from jobs.stores.jobs import job_of
from jobs.stores.listing import Place
from jobs.stores.queries import load_queries

MOST_COUNTED = 1_000

_MOST_PAIRS = 10_000  # of owner and cause, so that no list of causes reads without end
_MOST_LEFT = 10_000
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_NOW = Place(datetime(9999, 1, 1, tzinfo=UTC), "")
_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What jobs have failed of. `failure` and `latest`, a job's id, are of the last one that did.

    Failures are counted up to `MOST_COUNTED`; where there are more, `is_counted` is False.
    """

    fingerprint: str
    task: str
    failure: Failure
    latest: str
    owners: Sequence[str]
    first_seen: datetime
    last_seen: datetime
    count: int
    is_counted: bool


class FailureStore:
    """Reads failed jobs. All calls raise StoreUnavailableError while PostgreSQL is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def causes(
        self, *, owner: str | None, since: datetime | None, after: Place | None, limit: int
    ) -> list[Cause]:
        """Give the causes that were seen last, from after this place on; only what failed since then counts."""
        args = (owner, since or _FIRST, *(after or _NOW), limit, MOST_COUNTED + 1, _MOST_PAIRS)
        return [_cause(row) for row in await self._database.fetch(_SQL["causes"], *args)]

    async def owners(self) -> list[str]:
        """Give those who have failed jobs."""
        return [row["owner"] for row in await self._database.fetch(_SQL["owners"])]

    async def members(self, owners: Sequence[str], fingerprint: str, *, after: Place | None, limit: int) -> list[Job]:
        """Give failed jobs of a cause, the last to fail first, from after this place on."""
        rows = await self._database.fetch(_SQL["members"], list(owners), fingerprint, *(after or _NOW), limit)
        return [job_of(row) for row in rows]

    async def count(self, owners: Sequence[str], fingerprint: str, *, after: Place) -> int:
        """Count those after this place, up to ten thousand."""
        row = await self._database.fetch_row(_SQL["count"], list(owners), fingerprint, *after, _MOST_LEFT)
        return 0 if row is None else int(row["amount"])


def _cause(row: Row) -> Cause:
    return Cause(
        fingerprint=row["fingerprint"],
        task=row["task"],
        failure=Failure(**row["error"]),
        latest=row["latest"],
        owners=tuple(row["owners"]),
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        count=min(row["amount"], MOST_COUNTED),
        is_counted=row["amount"] <= MOST_COUNTED,
    )
