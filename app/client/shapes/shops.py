"""Shops' accounts, and component versions."""

from typing import Literal, TypedDict

VersionStatus = Literal["active", "deprecated"]


class Shop(TypedDict):
    """A shop's account on a sales platform. It is nobody who logs in."""

    id: str
    platform: str
    shop_id: str
    name: str
    enabled: bool
    created_at: str
    changed_at: str


class ShopFilter(TypedDict, total=False):
    """Which accounts are listed."""

    platform: str
    enabled: bool


class ShopChange(TypedDict, total=False):
    """What is to become of an account; what is left out stays."""

    name: str
    enabled: bool


class ComponentVersion(TypedDict):
    """A version of a component. Of several active ones that which was entered last counts."""

    id: str
    component: str
    version: str
    status: VersionStatus
    notes: str
    created_at: str
    changed_at: str


class ComponentVersionFilter(TypedDict, total=False):
    """Which versions are listed."""

    component: str
    status: VersionStatus


class ComponentVersionChange(TypedDict, total=False):
    """What is to become of a version; what is left out stays."""

    status: VersionStatus
    notes: str
