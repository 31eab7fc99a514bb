"""Whether a browser sends a request from a page of ours."""

import pytest
from starlette.types import Scope

from app.origin import is_from_elsewhere, is_from_us


def _scope(**headers: str) -> Scope:
    named = {"host": "switchyard.test", **headers}
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in named.items()]
    return {"type": "http", "headers": raw}


@pytest.mark.parametrize(
    ("headers", "us", "elsewhere"),
    [
        ({}, False, False),
        ({"sec_fetch_site": "same-origin"}, True, False),
        ({"sec_fetch_site": "same-origin", "origin": "https://evil.test"}, True, False),
        ({"sec_fetch_site": "same-site"}, False, True),
        ({"sec_fetch_site": "cross-site"}, False, True),
        ({"sec_fetch_site": "none"}, False, True),
        ({"sec_fetch_site": "cross-site", "origin": "http://switchyard.test"}, False, True),
        ({"origin": "http://switchyard.test"}, True, False),
        ({"origin": "https://switchyard.test"}, True, False),
        ({"origin": "https://switchyard.test:8443"}, False, True),
        ({"origin": "https://switchyard.test.evil.test"}, False, True),
        ({"origin": "https://evil.test"}, False, True),
        ({"origin": "null"}, False, True),
        ({"origin": ""}, False, True),
        ({"origin": "https://[broken"}, False, True),
    ],
)
def test_who_sends(headers: dict[str, str], us: bool, elsewhere: bool) -> None:  # noqa: FBT001  columns of the table
    """What a browser says of the site counts before what it says of the origin; programs say neither."""
    assert (is_from_us(_scope(**headers)), is_from_elsewhere(_scope(**headers))) == (us, elsewhere)
