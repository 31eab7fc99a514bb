"""Cursors: what a list gives it takes back, and nothing else."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.cursors import List, read_cursor, write_cursor
from jobs.errors import InvalidInputError
from jobs.stores.listing import Place

_MOMENTS = st.datetimes(timezones=st.just(UTC))
_NAMES = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=500)
_PLACE = Place(datetime(2027, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), "0190a1b2")


@given(at=_MOMENTS, name=_NAMES, of=st.sampled_from(List))
def test_a_place_comes_back_as_it_was(at: datetime, name: str, of: List) -> None:
    """To the microsecond, whatever the id, in a text that needs no quoting in an address."""
    text = write_cursor(of, Place(at, name))
    assert text is not None
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert read_cursor(of, text) == Place(at, name)


def test_none_is_the_beginning_and_the_end() -> None:
    """There is no cursor where there is no place."""
    assert write_cursor(List.JOBS, None) is None
    assert read_cursor(List.JOBS, None) is None


@given(text=st.text(max_size=60))
def test_what_no_list_has_given_is_refused(text: str) -> None:
    """Whatever it is; the mistake names the parameter and the mend."""
    with pytest.raises(InvalidInputError) as raised:
        read_cursor(List.JOBS, text)
    (mistake,) = raised.value.mistakes
    assert (mistake.pointer, "leave it out" in mistake.detail) == ("/cursor", True)


def test_each_change_of_a_character_is_seen() -> None:
    """A cursor that was cut, typed wrong, or is of another list."""
    text = write_cursor(List.JOBS, _PLACE)
    assert text is not None
    broken = [text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :] for place in range(len(text) - 1)]
    for one in (*broken, text[:-2], text + "AAAA", text[:10]):
        with pytest.raises(InvalidInputError):
            read_cursor(List.JOBS, one)
    with pytest.raises(InvalidInputError):
        read_cursor(List.FAILURES, text)


@pytest.mark.parametrize("of", List)
def test_a_forged_cursor_is_at_most_a_place(of: List) -> None:
    """An id that PostgreSQL could not hold is refused even with the right checksum."""
    text = write_cursor(of, Place(_PLACE.at, "a\x00b"))
    with pytest.raises(InvalidInputError):
        read_cursor(of, text)
