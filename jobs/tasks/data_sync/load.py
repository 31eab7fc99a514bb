"""Loads a file's rows into the facts: COPY into a staging table, then one upsert, in the caller's transaction."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from jobs.errors import SwitchyardError
from jobs.stores.database import Connection
from jobs.stores.queries import load_queries
from jobs.tasks.data_sync.model import Domain, Repeats, RowCounts, Source

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_COLUMNS = ("row_number", "business_date", "key_hash", "data")

# Order exports grow with the order: a later one may leave out what an earlier one knew.
_FILLED_WINS = frozenset({Domain.ORDERS})


class CountMismatchError(SwitchyardError):
    """The database does not account for each row that was read; nothing was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whose facts the rows become. In the domain orders a non-empty value wins; in others the new row replaces."""

    source: Source
    shop_id: str
    file_id: UUID
    template_id: UUID
    repeats: Repeats

    @property
    def identity(self) -> tuple[str, str, str, str, str]:
        """The part of the facts' key that all rows of a file share."""
        source = self.source
        return source.platform, self.shop_id, source.domain, source.sub_domain, source.granularity


async def stage(connection: Connection, lines: AsyncIterator[bytes]) -> None:
    """Take rows in COPY's text format (row number, business date, key hash, data) into a temporary table."""
    await connection.execute(_SQL["stage"])
    await connection.copy_in("staged", columns=_COLUMNS, lines=lines)


async def load(connection: Connection, target: Target, *, read: int, currency: str | None) -> RowCounts:
    """Turn the staged rows into facts.

    Each of the `read` rows counts as what became of its fact: inserted, updated or unchanged, or as quarantined.
    Raises CountMismatchError unless the database accounts for all of them.
    """
    await connection.execute(_SQL["lock_source"], *target.identity)
    await connection.execute(_SQL[f"identify_{target.repeats}"])
    await connection.execute(_SQL["analyse"])
    quarantined = await _set_aside(connection, target)
    row = await connection.fetch_row(
        _SQL["load"],
        *target.identity,
        target.file_id,
        target.template_id,
        target.source.domain in _FILLED_WINS,
        currency,
    )
    staged = await connection.fetch_row(_SQL["count_staged"])
    if row is None or staged is None:
        raise AssertionError("an aggregate gave no row")
    counts = RowCounts(
        read=read,
        inserted=row["inserted"],
        updated=row["updated"],
        unchanged=row["unchanged"],
        quarantined=quarantined,
    )
    if staged["staged"] != read or row["written"] != row["to_write"] or not counts.adds_up:
        raise CountMismatchError(f"{counts}, {staged['staged']} staged, {row['written']} of {row['to_write']} written")
    return counts


async def _set_aside(connection: Connection, target: Target) -> int:
    await connection.execute(_SQL["forget_set_aside"], target.file_id)
    if target.repeats is not Repeats.QUARANTINE:
        return 0
    row = await connection.fetch_row(_SQL["set_aside"], target.file_id)
    return 0 if row is None else int(row["quarantined"])
