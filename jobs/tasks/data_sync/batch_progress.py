"""How far a batch of syncs is, counted from the jobs of the batch as far as the history is written."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jobs.batch import Batch
from jobs.stores.batches import BatchStore
from jobs.stores.database import Database, Row
from jobs.stores.queries import load_queries
from jobs.tasks.data_sync.model import RowCounts
from jobs.tasks.data_sync.progress import FileCounts, SyncError, SyncProgress
from jobs.tasks.data_sync.task import SYNC_FILE

MOST_ERRORS = 100
_MOST_CURRENT = 20
_SQL = load_queries(Path(__file__).with_suffix(".sql"))


class BatchProgress:
    """Reads the jobs of batches."""

    def __init__(self, *, database: Database, batches: BatchStore) -> None:
        self._database = database
        self._batches = batches

    async def of(self, batch_id: str, *, owner: str | None) -> SyncProgress | None:
        """Say how far a batch of syncs is, as far as the history is written; None where it is none of the owner's."""
        batch = await self._batches.get(batch_id, owner=owner)
        if batch is None:
            return None
        async with self._database.connect() as connection:
            sums = await connection.fetch_row(_SQL["sums"], batch_id, SYNC_FILE.name)
            if sums is None or not sums["total"]:
                return None
            errors = await connection.fetch(_SQL["errors"], batch_id, SYNC_FILE.name, MOST_ERRORS)
            current = await connection.fetch(_SQL["current"], batch_id, SYNC_FILE.name, _MOST_CURRENT)
            quality = await connection.fetch_row(_SQL["quality"], batch_id)
        progress = _progress(batch, sums, errors=errors, current=[row["name"] for row in current])
        return replace(progress, quality=None if quality is None else dict(quality))


def _progress(batch: Batch, sums: Row, *, errors: Sequence[Row], current: Sequence[str]) -> SyncProgress:
    files = FileCounts(total=sums["total"], succeeded=sums["succeeded"], failed=sums["failed"], skipped=sums["skipped"])
    return SyncProgress(
        task_id=batch.id,
        state=batch.state,
        files=files,
        rows={name: sums[name] for name in RowCounts().as_mapping()},
        percent=100 * files.processed // files.total,
        current_file=current[0] if current else None,
        errors=tuple(
            SyncError(
                file_id=row["file_id"],
                file=row["name"] or "",
                type=row["error"]["type"],
                message=row["error"]["message"],
            )
            for row in errors
        ),
        errors_total=sums["errors"],
        current_files=tuple(current),
    )
