"""The JSON codec."""

import asyncio
import pickle
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import codec
from jobs.contract import JobExecutionFailed

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_is_encoded_comes_back(value: Any) -> None:  # noqa: ANN401  any JSON value
    """Every JSON value survives."""
    assert codec.loads(codec.dumps(value)) == value


@given(JSON)
def test_no_text_for_a_column_holds_nul(value: Any) -> None:  # noqa: ANN401  any JSON value
    """PostgreSQL takes what `dumps_text` gives; an escaped backslash before u0000 is left alone."""
    cleaned = codec.dumps_text(value)
    assert not codec.holds_nul(cleaned.encode())
    if not codec.holds_nul(codec.dumps(value)):
        assert cleaned == codec.dumps(value).decode()


@pytest.mark.parametrize(("text", "holds"), [("\x00", True), ("\\u0000", False), ("\\\x00", True), ("a", False)])
def test_nul_is_told_from_its_spelling(text: str, *, holds: bool) -> None:
    r"""The six characters \u0000 in a text are harmless, the character NUL is not."""
    assert codec.holds_nul(codec.dumps({"a": [text]})) is holds


def test_types_beyond_json_have_a_form() -> None:
    """Times are RFC 3339 in UTC, UUIDs text, sets and tuples lists."""
    value = {"at": datetime(2026, 1, 2, tzinfo=UTC), "id": UUID(int=1), "set": {1}, "tuple": (1, 2), 3: "key"}
    assert orjson.loads(codec.dumps(value)) == {
        "at": "2026-01-02T00:00:00Z",
        "id": "00000000-0000-0000-0000-000000000001",
        "set": [1],
        "tuple": [1, 2],
        "3": "key",
    }


def test_errors_survive_as_errors() -> None:
    """An exception comes back as arq's JobExecutionFailed with its type's name, a cancellation as a cancellation."""
    failed, cancelled = codec.loads(codec.dumps([ValueError("no"), asyncio.CancelledError()]))
    assert isinstance(failed, JobExecutionFailed)
    assert str(failed) == "ValueError: no"
    assert isinstance(cancelled, asyncio.CancelledError)


def test_a_pickle_is_refused_by_name() -> None:
    """It is never loaded, and the message says what to change."""
    with pytest.raises(ValueError, match=r"pickle.*jobs\.codec\.dumps"):
        codec.loads(pickle.dumps({"a": 1}))


def test_what_has_no_form_is_refused() -> None:
    """An object of an unknown type raises instead of becoming some text."""
    with pytest.raises(TypeError):
        codec.dumps(object())


def test_what_is_nested_too_deep_is_no_result() -> None:
    """It could be stored and not be shown, in a list of jobs; brackets in texts nest nothing."""

    def nested(levels: int) -> object:
        return [nested(levels - 1)] if levels else "[" * 500

    assert codec.loads_plain(codec.dumps_result(nested(codec.MOST_LEVELS))) == nested(codec.MOST_LEVELS)
    for levels in (codec.MOST_LEVELS + 1, 400):
        with pytest.raises(TypeError):
            codec.dumps_result(nested(levels))


@given(st.text(st.characters()))
def test_clean_text_can_be_stored(text: str) -> None:
    """No NUL and no lone surrogate is left."""
    cleaned = codec.clean_text(text)
    assert "\x00" not in cleaned
    assert cleaned.encode().decode() == cleaned
