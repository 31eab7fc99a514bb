"""Alerts."""

from typing import Literal, TypedDict


class Alert(TypedDict):
    """An item below its safety stock, by the numbers of the last check that found it so, until `closed_at`."""

    id: str
    kind: Literal["low_stock"]
    owner: str
    platform: str
    shop_id: str
    sku: str
    warehouse: str | None
    stock: float
    safety_stock: float
    business_date: str
    file_id: str
    opened_at: str
    checked_at: str
    closed_at: str | None


class AlertFilter(TypedDict, total=False):
    """Which alerts are listed; `state` says whether they hold still."""

    state: Literal["open", "closed"]
    platform: str
    shop_id: str
    sku: str
