"""Limits are written as people write them."""

import pytest

from ratelimit.bucket import Limit
from ratelimit.notation import parse_limits


def test_limits_are_read() -> None:
    """One or several, with a burst or without."""
    assert parse_limits("200/minute") == (Limit(amount=200, period_s=60, burst=200),)
    assert parse_limits("3 per 2 minutes") == (Limit(amount=3, period_s=120, burst=3),)
    assert parse_limits("200/minute burst 40; 5/second") == (
        Limit(amount=200, period_s=60, burst=40),
        Limit(amount=5, period_s=1, burst=5),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "write it as 200/minute"),
        ("200", "write it as 200/minute"),
        ("200/minute;", "'' is no limit"),
        ("200/fortnight", "there is no period 'fortnight'; there are second, minute"),
        ("0/minute", "amount is at least 1"),
        ("5/0 minutes", "period is at least 1"),
        ("5/minute burst 0", "burst is at least 1"),
        ("-5/minute", "write it as 200/minute"),
        ("1/day burst 100000", "'1/day burst 100000': .* take a round amount, a shorter period or a smaller burst"),
        (f"{'9' * 5_000}/minute", "at most 16 digits"),
    ],
)
def test_what_is_wrong_is_named(text: str, says: str) -> None:
    """With what would be right."""
    with pytest.raises(ValueError, match=says):
        parse_limits(text)
