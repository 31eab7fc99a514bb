"""Shops' accounts, and component versions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from typing_extensions import TypedDict

from jobs.tasks.data_sync.component_versions import VersionStatus


class ShopView(TypedDict):
    """A shop's account on a sales platform. It is nobody who logs in."""

    id: UUID
    platform: str
    shop_id: str
    name: str
    enabled: bool
    created_at: datetime
    changed_at: datetime


class ShopList(TypedDict):
    """A page of accounts, newest first; `next_cursor` leads to the next, null where there is none."""

    items: Sequence[ShopView]
    next_cursor: str | None


class ComponentVersionView(TypedDict):
    """A version of a component. Of several active ones that which was entered last counts."""

    id: UUID
    component: str
    version: str
    status: VersionStatus
    notes: str
    created_at: datetime
    changed_at: datetime


class ComponentVersionList(TypedDict):
    """A page of versions, newest first; `next_cursor` leads to the next, null where there is none."""

    items: Sequence[ComponentVersionView]
    next_cursor: str | None
