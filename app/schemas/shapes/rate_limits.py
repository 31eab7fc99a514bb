"""Rate limits."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import TypedDict


class TierLimitsView(TypedDict):
    """What one tier may do, by category."""

    default: str
    data_sync: str
    auth: str


class TiersView(TypedDict):
    """What each tier may do."""

    admin: TierLimitsView
    premium: TierLimitsView
    normal: TierLimitsView
    anonymous: TierLimitsView


class EndpointLimitsView(TypedDict):
    """What each user may ask of single endpoints."""

    sync_single: str
    sync_batch: str
    sync_full: str


class AllLimitsView(TypedDict):
    """All limits, as they are put."""

    tiers: TiersView
    endpoints: EndpointLimitsView
    ip_guard: str


class LimitsView(TypedDict):
    """The limits in force. Version 0 is what the settings say."""

    version: int
    changed_at: datetime | None
    changed_by: str | None
    limits: AllLimitsView


class BucketView(TypedDict):
    """How a bucket stands: `limit` tokens when it is full, at `reset`, seconds since 1970."""

    policy: str
    rate: str
    limit: int
    remaining: int
    reset: int


class OwnLimitsView(TypedDict):
    """Whose limits count for the asker, and how his buckets stand; none where nobody can tell now."""

    tier: str
    rate_limit_key: str
    buckets: Sequence[BucketView]


class RouteCountView(TypedDict):
    """Requests of one route in the minute that begins then."""

    minute: datetime
    route: str
    allowed: int
    denied: int
    exempt: int


class StatisticsView(TypedDict):
    """Requests by minute and route, newest first, and their sums."""

    allowed: int
    denied: int
    exempt: int
    items: Sequence[RouteCountView]
    next_cursor: None


class DenialView(TypedDict):
    """Requests that one policy denied to one key on one route: `count` of them, the last then."""

    at: datetime
    rate_limit_key: str
    policy: str
    route: str
    count: int


class DenialList(TypedDict):
    """The last denials, newest first."""

    items: Sequence[DenialView]
    next_cursor: None


class AnomalyView(TypedDict):
    """A key that asks for far more than in its own last hour."""

    rate_limit_key: str
    per_minute: int
    baseline: float


class AnomalyList(TypedDict):
    """The worst first."""

    items: Sequence[AnomalyView]
    next_cursor: None
