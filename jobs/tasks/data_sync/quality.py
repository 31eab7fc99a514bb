"""Quality reports: counted in the transaction that loads, stored, and read again. It blocks no file."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from jobs.stores.database import Connection, Database
from jobs.stores.queries import load_queries
from jobs.tasks.data_sync.model import CatalogueFile, Template
from jobs.tasks.data_sync.quality_score import Counted, Report, report_from, report_of, report_of_files

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A report, and when it was made."""

    report: Report
    measured_at: datetime


async def measure(connection: Connection, file: CatalogueFile, template: Template, *, job_id: str) -> Report:
    """Count what this transaction has staged, and store the file's report with it."""
    layout, source = template.layout, file.source
    checked = sorted({*layout.required_fields, *layout.types, layout.date_rule.field})
    rows = await connection.fetch_row(_SQL["measure"], checked)
    ranges = {name: asdict(one) for name, one in template.ranges.items()}
    ranged = await connection.fetch_row(_SQL["ranges"], ranges, file.date_from, file.date_to)
    if rows is None or ranged is None:
        raise AssertionError("an aggregate gave no row")
    place = (source.platform, file.shop_id, source.domain, source.sub_domain, source.granularity)
    earlier = await connection.fetch(_SQL["earlier"], *place, file.id)
    report = report_of(
        Counted(
            rows=rows["rows"],
            sound=rows["sound"],
            checked=len(checked),
            failing=rows["failing"],
            cells=rows["sound"] * len(layout.fields),
            empty=rows["empty"],
            keys=rows["keys"],
            ranged=ranged["checked"],
            outside=ranged["outside"],
            earlier=[row["rows_read"] for row in earlier],
        )
    )
    parts = [part.as_mapping() for part in report.parts]
    await connection.execute(_SQL["keep"], file.id, job_id, report.rows_read, report.score, parts)
    return report


class QualityStore:
    """Reads reports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, file_id: UUID) -> Measured | None:
        """Give a file's report, or None."""
        row = await self._database.fetch_row(_SQL["get"], file_id)
        return None if row is None else Measured(report=report_from(dict(row)), measured_at=row["measured_at"])

    async def batch_quality(self, file_ids: Sequence[UUID]) -> Report:
        """Make one report of those that these files have."""
        rows = await self._database.fetch(_SQL["of_files"], list(file_ids))
        return report_of_files([report_from(dict(row)) for row in rows])

    async def measure_batch(self, batch_id: str, *, owner: str) -> tuple[int, int, Report] | None:
        """Make and store the report of a batch of syncs, from those that its jobs have made; None for no such batch.

        Gives how many files it has, how many of them were measured, and the report.
        """
        rows = await self._database.fetch(_SQL["of_batch"], batch_id, owner)
        if not rows:
            return None
        measured = [report_from(dict(row)) for row in rows if row["parts"] is not None]
        report = report_of_files(measured)
        parts = [part.as_mapping() for part in report.parts]
        values = (batch_id, len(rows), len(measured), report.rows_read, report.score, parts)
        await self._database.execute(_SQL["keep_batch"], *values)
        return len(rows), len(measured), report
