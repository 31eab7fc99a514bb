"""The comparison of headers holds for any lists of them."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from jobs.tasks.data_sync.headers import compare, normalise

names = st.one_of(
    st.sampled_from(["订单号", "数量", "单价(CNY)", "单价（USD）", "单价", "a", "b", "c"]), st.text(max_size=5)
)
lists = st.lists(names.filter(lambda name: bool(name.strip())), max_size=8)


@given(headers=lists)
def test_a_list_equals_itself(headers: list[str]) -> None:
    """No list differs from itself, whatever empty cells follow."""
    assert compare(headers, headers) is None
    assert compare(headers, [*headers, "", " "]) is None


@given(one=lists, other=lists)
def test_seen_from_the_other_side_it_is_the_mirror_image(one: list[str], other: list[str]) -> None:
    """What is added one way is removed the other way; as many move, and the match rate is one."""
    there, back = compare(one, other), compare(other, one)
    assert (there is None) is (back is None)
    if there is None or back is None:
        return
    assert Counter(map(normalise, there.added)) == Counter(map(normalise, back.removed))
    assert Counter(map(normalise, there.removed)) == Counter(map(normalise, back.added))
    assert len(there.moved) == len(back.moved)
    assert there.match_rate == back.match_rate


@given(one=lists, other=lists)
def test_a_difference_is_never_empty(one: list[str], other: list[str]) -> None:
    """A difference names at least one change, matches less than all of it, and has places that are there."""
    difference = compare(one, other)
    if difference is None:
        return
    assert difference.added or difference.removed or difference.moved
    assert 0 <= difference.match_rate < 1
    assert all(1 <= move.expected <= len(one) and 1 <= move.found <= len(other) for move in difference.moved)
    assert str(difference)


@given(headers=st.lists(names.filter(str.strip), unique_by=normalise, max_size=8), data=st.data())
def test_a_shuffle_only_moves(headers: list[str], data: st.DataObject) -> None:
    """The same headers in another order are neither added nor removed."""
    difference = compare(headers, data.draw(st.permutations(headers)))
    assert difference is None or (difference.added, difference.removed) == ((), ())


@given(name=st.text())
def test_a_normal_name_is_normal(name: str) -> None:
    """No name keeps white space at its ends or wide spaces within."""
    normal = normalise(name)
    assert normal == normal.strip()
    assert "\u3000" not in normal
