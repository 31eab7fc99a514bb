"""Rate limits. A limit is a text such as `200/minute`, `3 per 2 minutes` or `200/minute burst 40`."""

from collections.abc import Sequence
from typing import TypedDict


class TierLimits(TypedDict):
    """What one tier may do, by category."""

    default: str
    data_sync: str
    auth: str


class Tiers(TypedDict):
    """What each tier may do."""

    admin: TierLimits
    premium: TierLimits
    normal: TierLimits
    anonymous: TierLimits


class EndpointLimits(TypedDict):
    """What each user may ask of single endpoints."""

    sync_single: str
    sync_batch: str
    sync_full: str


class AllLimits(TypedDict):
    """All limits, as they are put."""

    tiers: Tiers
    endpoints: EndpointLimits
    ip_guard: str


class LimitsInForce(TypedDict):
    """The limits in force. Version 0 is what the settings say."""

    version: int
    changed_at: str | None
    changed_by: str | None
    limits: AllLimits


class Bucket(TypedDict):
    """How a bucket stands: `limit` tokens when it is full, at `reset`, seconds since 1970."""

    policy: str
    rate: str
    limit: int
    remaining: int
    reset: int


class OwnLimits(TypedDict):
    """Whose limits count for the asker, and how his buckets stand; none where nobody can tell now."""

    tier: str
    rate_limit_key: str
    buckets: Sequence[Bucket]


class Denial(TypedDict):
    """Requests that one policy denied to one key on one route: `count` of them, the last then."""

    at: str
    rate_limit_key: str
    policy: str
    route: str
    count: int


class Anomaly(TypedDict):
    """A key that asks for far more than in its own last hour."""

    rate_limit_key: str
    per_minute: int
    baseline: float


class RouteCount(TypedDict):
    """Requests of one route in the minute that begins then."""

    minute: str
    route: str
    allowed: int
    denied: int
    exempt: int


class Statistics(TypedDict):
    """Requests by minute and route, newest first, and their sums."""

    allowed: int
    denied: int
    exempt: int
    items: Sequence[RouteCount]
    next_cursor: None
