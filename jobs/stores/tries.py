"""The `tries` table: how those tries went that did not end their jobs well. It knows rows, not jobs."""

from pathlib import Path

from jobs import codec
from jobs.model import Failure, Over, Try
from jobs.stores.database import Database, Row
from jobs.stores.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_OVER = b'"over":'


class TryStore:
    """Written from events, which may come in any order and again: of what is told of one try, the latest counts.

    Of the latest try of a job, its own row has the start.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, events: bytes) -> None:
        """Write the starts that this JSON array of transitions tells of into the jobs' rows, also of ended ones."""
        await self._database.execute(_SQL["begin"], codec.embed(events))

    async def close(self, events: bytes) -> None:
        """Write how tries ended, as far as this JSON array of transitions tells. Jobs without a row get none."""
        if _OVER in events:  # most batches tell of successes alone
            await self._database.execute(_SQL["close"], codec.embed(events))

    async def of(self, job_id: str, *, limit: int) -> list[Try]:
        """Give the latest of a job, the oldest of them first."""
        rows = await self._database.fetch(_SQL["of"], job_id, limit)
        return [_try(row) for row in reversed(rows)]


def _try(row: Row) -> Try:
    return Try(
        run=row["run"],
        fence=row["fence"],
        number=row["try"],
        worker=row["worker"],
        started_at=row["began_at"],
        finished_at=row["ended_at"],
        outcome=Over(row["outcome"]),
        error=None if row["error"] is None else Failure(**row["error"]),
        traceback=row["traceback"],
    )
