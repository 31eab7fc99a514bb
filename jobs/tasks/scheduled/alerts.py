"""The `alerts` table: how it is listed and counted, and what of it is dropped. It opens and closes none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from jobs.stores.database import Database, Row
from jobs.stores.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


class AlertKind(StrEnum):
    """What an alert is about."""

    LOW_STOCK = "low_stock"


class AlertState(StrEnum):
    """Whether what an alert is about holds still."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An item below its safety stock: the numbers are those of the last check that found it so, `checked_at`.

    `warehouse` is "" where its files name none. `owner` is whose file says it. `closed_at` is None while it is open.
    """

    id: UUID
    kind: AlertKind
    owner: str
    platform: str
    shop_id: str
    sku: str
    warehouse: str
    stock: float
    safety_stock: float
    business_date: date
    file_id: UUID
    opened_at: datetime
    checked_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts are wanted; None: any."""

    owner: str | None = None
    state: AlertState | None = None
    platform: str | None = None
    shop_id: str | None = None
    sku: str | None = None


class AlertStore:
    """All calls raise StoreUnavailableError while PostgreSQL is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: AlertFilter, *, before: tuple[datetime, UUID] | None, limit: int) -> list[Alert]:
        """List them, the one opened last first, from after the one that `before` names on."""
        at, alert_id = before or (None, None)
        rows = await self._database.fetch(
            _SQL["page"],
            wanted.owner,
            wanted.state,
            wanted.platform,
            wanted.shop_id,
            wanted.sku,
            at,
            alert_id,
            limit,
        )
        return [_alert(row) for row in rows]

    async def open(self) -> Mapping[AlertKind, int]:
        """Count those that are open, of every kind."""
        found = {row["kind"]: row["amount"] for row in await self._database.fetch(_SQL["open"])}
        return {kind: found.get(kind, 0) for kind in AlertKind}

    async def drop_closed(self, *, older_than_days: int, limit: int) -> int:
        """Drop some that were closed before that; give how many."""
        return len(await self._database.fetch(_SQL["drop_closed"], older_than_days, limit))


def _alert(row: Row) -> Alert:
    return Alert(
        **{
            **dict(row),
            "kind": AlertKind(row["kind"]),
            "stock": float(row["stock"]),
            "safety_stock": float(row["safety_stock"]),
        }
    )
