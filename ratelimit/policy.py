"""Which buckets a request draws from: by who asks, from where, and for what. Pure; it decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from ratelimit.bucket import BucketRequest, Limit


class Tier(StrEnum):
    """Whose limits count: a role's, or those of who is not logged in."""

    ADMIN = "admin"
    PREMIUM = "premium"
    NORMAL = "normal"
    ANONYMOUS = "anonymous"


class Category(StrEnum):
    """What kind of request it is. Each is of one, and each has a bucket of its own."""

    DEFAULT = "default"
    DATA_SYNC = "data_sync"  # what begins with /api/data-sync/ and is a POST
    AUTH = "auth"  # what begins with /api/auth/, and the form of the login page


class Endpoint(StrEnum):
    """An endpoint that has a limit beside that of its category."""

    SYNC_SINGLE = "sync_single"
    SYNC_BATCH = "sync_batch"
    SYNC_FULL = "sync_full"


IP_GUARD: Final = "ip_guard"  # how much all together may ask for that come from one address
POLICIES: Final = (*Category, *Endpoint, IP_GUARD)

_ENDPOINTS: Mapping[str, Endpoint] = {
    "POST /api/data-sync/single": Endpoint.SYNC_SINGLE,
    "POST /api/data-sync/batch": Endpoint.SYNC_BATCH,
    "POST /api/data-sync/batch-by-ids": Endpoint.SYNC_BATCH,
    "POST /api/data-sync/batch-all": Endpoint.SYNC_FULL,
}
_DATA_SYNC = "POST /api/data-sync/"
_AUTH = "/api/auth/"
LOGIN_FORM: Final = "POST /login"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All limits that are in force together."""

    tiers: Mapping[Tier, Mapping[Category, Limit]]
    endpoints: Mapping[Endpoint, Limit]
    ip_guard: Limit


class Subject(NamedTuple):
    """Who asks. `key` is `user:<id>`, or `network` where nobody is logged in; `network` is `ip:<network>`."""

    key: str
    tier: Tier
    network: str

    @classmethod
    def user(cls, name: str, tier: Tier, network: str) -> "Subject":
        """Give somebody who is logged in."""
        return cls(key=f"user:{name}", tier=tier, network=network)

    @classmethod
    def anonymous(cls, network: str) -> "Subject":
        """Give whoever calls from there."""
        return cls(key=network, tier=Tier.ANONYMOUS, network=network)


def category_of(route: str, path: str) -> Category:
    """Give the category of a request; `route` is `<method> <template of the path>`."""
    if path.startswith(_AUTH) or route == LOGIN_FORM:
        return Category.AUTH
    return Category.DATA_SYNC if route.startswith(_DATA_SYNC) else Category.DEFAULT


def requests_of(limits: Limits, subject: Subject, route: str, path: str) -> tuple[BucketRequest, ...]:
    """Give what a request draws from: the category's bucket, then the endpoint's if it has one, then the guard."""
    category, endpoint = category_of(route, path), _ENDPOINTS.get(route)
    own = BucketRequest(policy=category, key=subject.key, limit=limits.tiers[subject.tier][category])
    guard = BucketRequest(policy=IP_GUARD, key=subject.network, limit=limits.ip_guard)
    if endpoint is None:
        return own, guard
    return own, BucketRequest(policy=endpoint, key=subject.key, limit=limits.endpoints[endpoint]), guard


def own_requests(limits: Limits, subject: Subject) -> tuple[BucketRequest, ...]:
    """Give all buckets of somebody's own, and the guard of the address that he calls from."""
    of_tier = limits.tiers[subject.tier]
    return (
        *(BucketRequest(policy=category, key=subject.key, limit=of_tier[category]) for category in Category),
        *(BucketRequest(policy=name, key=subject.key, limit=limit) for name, limit in limits.endpoints.items()),
        BucketRequest(policy=IP_GUARD, key=subject.network, limit=limits.ip_guard),
    )
