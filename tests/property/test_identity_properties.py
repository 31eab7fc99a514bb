"""Identities hold for any values."""

from datetime import datetime

from hypothesis import assume, given
from hypothesis import strategies as st

from jobs.tasks.data_sync.identity import Cell, canonical, key_hash

cells: st.SearchStrategy[Cell] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.dates(), st.datetimes(), st.text()
)
keys = st.lists(cells, min_size=1, max_size=4)


@given(one=keys, other=keys)
def test_equal_hashes_mean_equal_texts(one: list[Cell], other: list[Cell]) -> None:
    """Two keys have one hash exactly where their canonical texts are the same, value by value."""
    same = list(map(canonical, one)) == list(map(canonical, other))
    assert (key_hash(one) == key_hash(other)) is same


@given(texts=st.lists(st.text(st.sampled_from("0123456789:ab"), max_size=6), min_size=2, max_size=5), data=st.data())
def test_no_cut_can_be_mistaken_for_another(texts: list[str], data: st.DataObject) -> None:
    """The same characters cut at other places are another identity, digits and colons among them."""
    whole = "".join(texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), min_size=len(texts) - 1, max_size=len(texts) - 1)))
    other = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assume(other != texts)
    assert key_hash(other) != key_hash(texts)


@given(cell=cells)
def test_a_canonical_text_is_its_own(cell: Cell) -> None:
    """What was written out as text and read again is the same identity."""
    assert canonical(canonical(cell)) == canonical(cell)


@given(number=st.integers(-(2**53), 2**53))
def test_a_whole_number_is_its_digits(number: int) -> None:
    """Excel's float and the digits of a csv agree."""
    assert canonical(float(number)) == canonical(number) == str(number)


@given(moment=st.datetimes())
def test_a_moment_is_what_exports_write(moment: datetime) -> None:
    """A date cell and the ISO text of a csv agree; a midnight is its date."""
    midnight = moment.time() == datetime.min.time()
    assert canonical(moment) == (str(moment.date()) if midnight else str(moment))
