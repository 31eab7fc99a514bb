"""Which buckets a request draws from."""

import pytest

from ratelimit.bucket import Limit
from ratelimit.policy import Category, Subject, Tier, category_of, own_requests, requests_of
from ratelimit.settings import RateLimitSettings

LIMITS = RateLimitSettings().document().limits()
NORA = Subject.user("nora", Tier.NORMAL, "ip:192.0.2.1")
NOBODY = Subject.anonymous("ip:192.0.2.1")
SINGLE = "/api/data-sync/single"


def _drawn(subject: Subject, method: str, path: str) -> list[tuple[str, str, int]]:
    requests = requests_of(LIMITS, subject, f"{method} {path}", path)
    return [(request.policy, request.key, request.limit.amount) for request in requests]


def test_a_user_has_buckets_of_his_own_and_shares_the_guard() -> None:
    """By category, and by endpoint where that has a limit."""
    guard = ("ip_guard", "ip:192.0.2.1", 600)
    assert _drawn(NORA, "GET", "/api/jobs") == [("default", "user:nora", 60), guard]
    assert _drawn(NORA, "GET", "/api/data-sync/templates") == [("default", "user:nora", 60), guard]
    assert _drawn(NORA, "POST", SINGLE) == [("data_sync", "user:nora", 30), ("sync_single", "user:nora", 10), guard]


def test_who_is_not_logged_in_is_the_address() -> None:
    """For all that he asks for."""
    for method, path, policy, amount in (
        ("GET", "/api/jobs", "default", 30),
        ("POST", "/api/data-sync/files", "data_sync", 10),
        ("POST", "/api/auth/login", "auth", 3),
    ):
        assert _drawn(NOBODY, method, path)[0] == (policy, "ip:192.0.2.1", amount)


@pytest.mark.parametrize(
    ("path", "name", "amount"),
    [
        (SINGLE, "sync_single", 10),
        ("/api/data-sync/batch", "sync_batch", 5),
        ("/api/data-sync/batch-by-ids", "sync_batch", 5),
        ("/api/data-sync/batch-all", "sync_full", 3),
    ],
)
def test_the_endpoints_limits(path: str, name: str, amount: int) -> None:
    """Of each user, whatever his tier is."""
    for tier in Tier:
        _, endpoint, _ = _drawn(Subject.user("nora", tier, "ip:x"), "POST", path)
        assert endpoint == (name, "user:nora", amount)


@pytest.mark.parametrize(
    ("route", "path", "category"),
    [
        ("GET /api/auth/me", "/api/auth/me", Category.AUTH),
        ("POST /login", "/login", Category.AUTH),
        ("GET /login", "/login", Category.DEFAULT),
        ("none", "/api/auth/no-such", Category.AUTH),
        ("DELETE /api/auth/keys/{id}", "/api/auth/keys/7", Category.AUTH),
        ("POST /api/data-sync/files", "/api/data-sync/files", Category.DATA_SYNC),
        ("GET /api/data-sync/files/{id}", "/api/data-sync/files/7", Category.DEFAULT),
        ("POST /api/jobs", "/api/jobs", Category.DEFAULT),
        ("none", "/nowhere", Category.DEFAULT),
    ],
)
def test_each_request_is_of_one_category(route: str, path: str, category: Category) -> None:
    """Paths that lead nowhere too."""
    assert category_of(route, path) is category


def test_one_s_own_buckets_are_all_of_them() -> None:
    """Each once, with the guard."""
    requests = own_requests(LIMITS, NORA)
    assert [request.policy for request in requests] == [
        *("default", "data_sync", "auth"),
        *("sync_single", "sync_batch", "sync_full"),
        "ip_guard",
    ]
    assert requests[0].limit == Limit(amount=60, period_s=60, burst=60)
