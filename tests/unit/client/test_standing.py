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


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("value", [None, "", "many"])
def test_without_a_header_it_is_no_site_s(name: str, value: str | None) -> None:
    """Or without a number in it."""
    headers = {key: text for key, text in {**HEADERS, name: value}.items() if text is not None}
    with pytest.raises(ForeignAnswerError, match="rate limit"):
        standing_of(headers)
