"""Alerts."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from typing_extensions import TypedDict

from jobs.tasks.scheduled.alerts import AlertKind


class AlertView(TypedDict):
    """An item below its safety stock, by the numbers of the last check that found it so, until `closed_at`."""

    id: UUID
    kind: AlertKind
    owner: str
    platform: str
    shop_id: str
    sku: str
    warehouse: str | None
    stock: float
    safety_stock: float
    business_date: date
    file_id: UUID
    opened_at: datetime
    checked_at: datetime
    closed_at: datetime | None


class AlertList(TypedDict):
    """A page of alerts, the one opened last first; `next_cursor` leads to the next, null where there is none."""

    items: Sequence[AlertView]
    next_cursor: str | None
