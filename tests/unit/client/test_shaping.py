"""An answer of a site that is older than its client."""

from typing import TypedDict

import pytest

from app.client.errors import ForeignAnswerError
from app.client.shaping import all_shaped, shaped


class _Thing(TypedDict):
    id: str
    since: str | None


def test_what_may_be_none_is_none_where_it_is_not_told() -> None:
    """The site does not know that field yet; what else it has told is as it is."""
    assert shaped({"id": "a", "more": 1}, _Thing) == {"id": "a", "since": None, "more": 1}
    assert all_shaped([{"id": "a"}, {"id": "b", "since": "now"}], _Thing)[1]["since"] == "now"


@pytest.mark.parametrize(("found", "lacks"), [({"since": None}, "lacks id:"), ({}, "lacks id:"), ([], "all of it")])
def test_what_else_is_missing_is_named(found: object, lacks: str) -> None:
    """It is not what was asked for."""
    with pytest.raises(ForeignAnswerError, match=lacks):
        shaped(found, _Thing)
