"""How a rate limit stands, read from headers."""

import pytest

from app.client import ForeignAnswerError
from app.client.standing import Standing, standing_of

HEADERS = {
    "X-RateLimit-Limit": "60",
    "X-RateLimit-Remaining": "58",
    "RateLimit-Policy": '"default";q=60;w=60, "ip_guard";q=600;w=60',
}


def test_it_is_read() -> None:
    """The fastest of its buckets counts."""
    assert standing_of(HEADERS) == Standing(limit=60, remaining=58, refills_per_s=10.0)


def test_rates_count_where_a_site_leaves_the_draft_s_headers_out() -> None:
    """In each way in which they are written."""
    headers = {name: text for name, text in HEADERS.items() if name != "RateLimit-Policy"}
    for rates, per_s in (
        (["60/minute", "3/hour"], 1.0),
        (["3 per 2 minutes burst 40"], 0.025),
        (["100/second burst 5"], 100.0),
        (["360 per 2 years", "30/month"], 30 / (30 * 86_400)),
    ):
        assert standing_of(headers, rates) == Standing(limit=60, remaining=58, refills_per_s=per_s)
    assert standing_of(HEADERS, ["900/second"]).refills_per_s == 10.0
    with pytest.raises(ForeignAnswerError, match="rate limit"):
        standing_of(headers, ["often"])


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("value", [None, "", "many"])
def test_without_a_header_it_is_no_site_s(name: str, value: str | None) -> None:
    """Or without a number in it."""
    headers = {key: text for key, text in {**HEADERS, name: value}.items() if text is not None}
    with pytest.raises(ForeignAnswerError, match="rate limit"):
        standing_of(headers)
