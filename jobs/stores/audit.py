"""The `audit` table: who did what. Entries are only added, each by the transaction of what it tells of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs import codec
from jobs.audit import AuditEntry, Deed
from jobs.stores.database import Connection, Database
from jobs.stores.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_LARGEST_DETAILS = 4_096  # bytes of JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries to list; None takes all. `after` is the first moment that counts, `before` none any more."""

    actor: str | None = None
    action: str | None = None
    object_id: str | None = None
    after: datetime | None = None
    before: datetime | None = None


async def note(deed: Deed, *, connection: Connection) -> None:
    """Write a deed down in the transaction that does it: the entry is there exactly if the deed is done.

    Details that are too large are left out, and their size is told instead: no deed fails for them.
    """
    actor = deed.actor
    await connection.execute(
        _SQL["note"],
        actor.name,
        deed.action,
        deed.object_id,
        deed.effect,
        actor.request_id,
        actor.address,
        _bounded(deed.details),
    )


class AuditLog:
    """Reads the log, and drops what is old. All calls raise StoreUnavailableError where PostgreSQL is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: AuditFilter, *, before: tuple[datetime, int] | None, limit: int) -> list[AuditEntry]:
        """Give entries, newest first, those older than the one of this time and id."""
        bounds = [*([before] if before else []), *([(wanted.before, 0)] if wanted.before else [])]
        until, until_id = min(bounds, default=(None, None))
        rows = await self._database.fetch(
            _SQL["page"],
            wanted.actor,
            wanted.action,
            wanted.object_id,
            wanted.after,
            until,
            until_id,
            limit,
        )
        return [AuditEntry(**row) for row in rows]

    async def drop_old(self, *, older_than_days: int, limit: int) -> int:
        """Drop the oldest entries that are older than that; give how many."""
        row = await self._database.fetch_row(_SQL["drop_old"], older_than_days, limit)
        return 0 if row is None else int(row["dropped"])


def _bounded(details: Mapping[str, Any]) -> Mapping[str, Any]:
    size = len(codec.dumps(details))
    return details if size <= _LARGEST_DETAILS else {"left_out_bytes": size}
