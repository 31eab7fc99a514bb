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
FILLED_WINS = frozenset({Domain.ORDERS})


class CountMismatchError(SwitchyardError):
    """The database does not account for each row that was read; nothing was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whose facts the rows become. In the domain orders a non-empty value wins; in others the new row replaces.

    `key_fields` are only for telling which fields make a key that comes again.
    """

    source: Source
    shop_id: str
    file_id: UUID
    template_id: UUID
    repeats: Repeats
    key_fields: tuple[str, ...]

    @property
    def identity(self) -> tuple[str, str, str, str, str]:
        """The part of the facts' key that all rows of a file share."""
        source = self.source
        return source.platform, self.shop_id, source.domain, source.sub_domain, source.granularity


async def stage(connection: Connection, lines: AsyncIterator[bytes]) -> None:
    """Take rows in COPY's text format, as the reader's `Lines` makes them, into a temporary table."""
    await connection.execute(_SQL["stage"])
    await connection.copy_in("staged", columns=_COLUMNS, lines=lines)
    await connection.execute(_SQL["sort_out"])


async def lock_source(connection: Connection, target: Target) -> None:
    """Keep others from writing facts of the same source and shop until the transaction ends."""
    await connection.execute(_SQL["lock_source"], *target.identity)


async def load(connection: Connection, target: Target, *, read: int, currency: str | None) -> RowCounts:
    """Turn the staged rows into facts.

    Each of the `read` rows counts as what became of its fact: inserted, updated or unchanged, or as quarantined. One
    that would be set aside again, but was mended and replayed, is unchanged. Raises CountMismatchError unless the
    database accounts for all of them.
    """
    await lock_source(connection, target)
    await connection.execute(_SQL[f"identify_{target.repeats}"])
    await connection.execute(_SQL["analyse"])
    quarantined, mended = await _set_aside(connection, target)
    written = await write(connection, target, currency=currency, filled_wins=target.source.domain in FILLED_WINS)
    staged = await connection.fetch_row(_SQL["count_staged"])
    if staged is None:
        raise AssertionError("an aggregate gave no row")
    counts = RowCounts(
        read=read,
        inserted=written.inserted,
        updated=written.updated,
        unchanged=written.unchanged + mended,
        quarantined=quarantined,
    )
    if staged["staged"] != read or not counts.adds_up:
        raise CountMismatchError(f"{counts}, {staged['staged']} staged")
    return counts


async def write(connection: Connection, target: Target, *, currency: str | None, filled_wins: bool) -> RowCounts:
    """Turn the rows of the temporary table `incoming` into facts; the source must be locked.

    `filled_wins`: an empty value leaves the one that is there. Raises CountMismatchError where not each row that
    differs was written.
    """
    row = await connection.fetch_row(
        _SQL["load"], *target.identity, target.file_id, target.template_id, filled_wins, currency
    )
    if row is None:
        raise AssertionError("an aggregate gave no row")
    if row["written"] != row["to_write"]:
        raise CountMismatchError(f"{row['written']} of {row['to_write']} written")
    inserted, updated, unchanged = row["inserted"], row["updated"], row["unchanged"]
    return RowCounts(
        read=inserted + updated + unchanged, inserted=inserted, updated=updated, unchanged=unchanged, quarantined=0
    )


async def _set_aside(connection: Connection, target: Target) -> tuple[int, int]:
    """Set rows aside; give how many, and how many of those that would be are facts since they were replayed."""
    await connection.execute(_SQL["forget_set_aside"], target.file_id)
    await connection.execute(_SQL["gather_faulty"])
    if target.repeats is Repeats.QUARANTINE:
        await connection.execute(_SQL["gather_repeated"], list(target.key_fields))
    row = await connection.fetch_row(_SQL["set_aside"], target.file_id)
    if row is None:
        raise AssertionError("an aggregate gave no row")
    return row["quarantined"], row["gathered"] - row["quarantined"]
