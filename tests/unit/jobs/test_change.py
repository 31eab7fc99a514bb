"""Points in the stream: what is written is read again, and nothing else is."""

import pytest

from jobs.change import Change, Place, Point


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("5-0", Point(Place(5, 0))),
        ("1764000000000-12:3", Point(Place(1_764_000_000_000, 12), 3)),
        ("0-0:end", Point(Place(0, 0), is_end=True)),
    ],
)
def test_a_point_is_read_as_it_was_written(text: str, point: Point) -> None:
    """In all its forms."""
    assert Point.parse(text) == point
    assert str(point) == text


@pytest.mark.parametrize("text", ["", "5", "5-", "-5", "5-0:", "5-0:x", "5-0:-1", " 5-0", "5-0\n", "٥-0", "5-0:end:1"])
def test_another_text_is_no_point(text: str) -> None:
    """Whatever a client may send."""
    assert Point.parse(text) is None


def test_places_have_the_order_of_time() -> None:
    """Also where they have not the same number of digits."""
    assert Place.of(b"9-2") < Place.of(b"9-10") < Place.of(b"10-0")


def test_a_change_is_told_to_who_follows_its_job_its_owner_or_all() -> None:
    """As far as the owner is known."""
    told = {"id": "j", "run": "1", "v": "7", "state": "succeeded", "at": "1"}
    change = Change.of(Place(5, 0), 2, told)
    assert change is not None
    assert set(change.keys) == {("all", ""), ("job", "j")}
    assert (change.is_end, str(change.point)) == (True, "5-0:2")
    change.owner = "ann"
    assert ("owner", "ann") in change.keys


@pytest.mark.parametrize("told", [{}, {"id": "j"}, {"state": "gone"}, {"v": "new"}, {"run": None}])
def test_what_is_no_event_is_no_change(told: dict[str, str]) -> None:
    """Whoever wrote it into the stream."""
    event = {"id": "j", "run": "1", "v": "7", "state": "queued", "at": "1"}
    assert Change.of(Place(5, 0), 0, event) is not None
    assert Change.of(Place(5, 0), 0, {**event, **told} if len(told) == 1 and "id" not in told else told) is None
