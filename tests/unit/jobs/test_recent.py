"""What happened last: found by any point in it, and bounded."""

from jobs.change import Change, Place, Point
from jobs.recent import Recent


def _entry(ms: int, amount: int = 2) -> tuple[Place, list[Change]]:
    place = Place(ms, 0)
    told = {"id": "j", "run": "1", "v": "1", "state": "queued", "at": "1"}
    return place, [change for index in range(amount) if (change := Change.of(place, index, told))]


def _recent(*times: int, most: int = 100_000) -> Recent:
    recent = Recent(most=most)
    for ms in times:
        recent.add(*_entry(ms))
    return recent


def _points(found: list[Change] | None) -> list[str] | None:
    return None if found is None else [str(change.point) for change in found]


def test_what_comes_after_a_point_is_found() -> None:
    """From the middle of an entry or from its end, up to the end of another."""
    recent = _recent(5, 7, 9)
    assert _points(recent.after(Point(Place(5, 0), 0), until=Place(7, 0))) == ["5-0:1", "7-0:0", "7-0:1"]
    assert _points(recent.after(Point(Place(7, 0)), until=Place(9, 0))) == ["9-0:0", "9-0:1"]
    assert _points(recent.after(Point(Place(9, 0)), until=Place(9, 0))) == []
    assert _points(recent.after(Point(Place(9, 0), is_end=True), until=Place(9, 0))) == []


def test_a_point_that_is_not_there_leads_nowhere() -> None:
    """Between entries, before the first, after the last, or after all was forgotten."""
    recent = _recent(5, 7)
    for ms in (4, 6, 8):
        assert recent.after(Point(Place(ms, 0)), until=Place(9, 0)) is None
    recent.clear()
    assert recent.after(Point(Place(5, 0)), until=Place(9, 0)) is None


def test_the_oldest_go_when_there_are_too_many() -> None:
    """The last one stays, however much it is."""
    recent = _recent(*range(1, 8), most=10 * _entry(1)[1][0].size)
    assert recent.after(Point(Place(1, 0)), until=Place(9, 0)) is None
    assert _points(recent.after(Point(Place(6, 0)), until=Place(9, 0))) == ["7-0:0", "7-0:1"]
    recent.add(*_entry(8, amount=50))
    assert recent.after(Point(Place(8, 0)), until=Place(9, 0)) == []
