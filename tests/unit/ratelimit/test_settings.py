"""The limits of the settings: what they are, how they are changed, and what is refused."""

import pytest

from jobs.environment import read
from jobs.errors import SettingsError
from ratelimit.bucket import Limit
from ratelimit.policy import Category, Endpoint, Tier
from ratelimit.settings import PREFIX, RateLimitSettings

NUMBERS = {
    Tier.ADMIN: (200, 100, 20),
    Tier.PREMIUM: (100, 50, 10),
    Tier.NORMAL: (60, 30, 5),
    Tier.ANONYMOUS: (30, 10, 3),
}


def _read(**variables: str) -> RateLimitSettings:
    return read(RateLimitSettings, variables, prefix=PREFIX)


def test_without_settings_they_are_those_of_the_table() -> None:
    """Each a minute, with a burst of as many."""
    limits = _read().document().limits()
    for tier, numbers in NUMBERS.items():
        for category, amount in zip(Category, numbers, strict=True):
            assert limits.tiers[tier][category] == Limit(amount=amount, period_s=60, burst=amount)
    assert [limits.endpoints[endpoint].amount for endpoint in Endpoint] == [10, 5, 3]
    assert limits.ip_guard.amount == 600


def test_what_is_set_changes_that_and_nothing_else() -> None:
    """One cell of the table, or several."""
    text = "normal.auth = 7/minute burst 20, admin.default=1 per 2 hours,"
    limits = _read(RATELIMIT_TIERS=text, RATELIMIT_ENDPOINTS="sync_full=1/day").document().limits()
    assert limits.tiers[Tier.NORMAL][Category.AUTH] == Limit(amount=7, period_s=60, burst=20)
    assert limits.tiers[Tier.ADMIN][Category.DEFAULT] == Limit(amount=1, period_s=7200, burst=1)
    assert limits.tiers[Tier.NORMAL][Category.DEFAULT].amount == 60
    assert limits.endpoints[Endpoint.SYNC_FULL].period_s == 86_400


def test_what_decides_without_redis_is_read_by_policy() -> None:
    """Those that are not named are left to the limiter."""
    assert _read(RATELIMIT_WHEN_AWAY="auth=closed, default=open").words_when_away() == {
        "auth": "closed",
        "default": "open",
    }


@pytest.mark.parametrize(
    ("name", "text", "mend"),
    [
        ("RATELIMIT_TIERS", "root.default=1/minute", "there is no 'root.default'"),
        ("RATELIMIT_TIERS", "admin.default", "not of the form name=value"),
        ("RATELIMIT_TIERS", "admin.default=often", "write it as 200/minute"),
        ("RATELIMIT_TIERS", "admin.default=1/minute; 2/hour", "more than one limit"),
        ("RATELIMIT_ENDPOINTS", "sync=1/minute", "there is no 'sync'; there are: sync_single"),
        ("RATELIMIT_IP_GUARD", "0/minute", "RATELIMIT_IP_GUARD"),
        ("RATELIMIT_WHEN_AWAY", "default=shut", "there are: local, open, closed"),
        ("RATELIMIT_WHEN_AWAY", "nobody=open", "there is no 'nobody'"),
        ("RATELIMIT_DRAFT_HEADERS", "perhaps", "RATELIMIT_DRAFT_HEADERS"),
        ("RATELIMIT_TEIRS", "", "did you mean RATELIMIT_TIERS?"),
    ],
)
def test_mistakes_stop_the_start(name: str, text: str, mend: str) -> None:
    """Each with its variable and what would be right."""
    with pytest.raises(SettingsError) as raised:
        _read(**{name: text})
    assert mend in str(raised.value)
    assert name in str(raised.value)
