"""The last events of the stream, kept so that whoever comes back after a moment is told what he has missed. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain

from jobs.change import Change, Place, Point

_MOST = 4 * 1024 * 1024  # bytes


class Recent:
    """Entries in the order of the stream without a gap between them; where it becomes too much older ones go."""

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._places: list[Place] = []
        self._changes: list[Sequence[Change]] = []
        self._size = 0

    def add(self, place: Place, changes: Sequence[Change]) -> None:
        """Add the next entry."""
        self._places.append(place)
        self._changes.append(changes)
        self._size += _size_of(changes)
        if self._size > self._most:
            self._halve()

    def clear(self) -> None:
        """Forget all."""
        self._places, self._changes, self._size = [], [], 0

    def after(self, point: Point, *, until: Place) -> list[Change] | None:
        """Give what was told between a point and the end of an entry; None where the point's entry is not here."""
        first = bisect_left(self._places, point.place)
        if first == len(self._places) or self._places[first] != point.place:
            return None
        return rest_of(self._places[first:], self._changes[first:], point, until=until)

    def _halve(self) -> None:
        gone = 0
        while self._size > self._most // 2 and gone < len(self._places) - 1:
            self._size -= _size_of(self._changes[gone])
            gone += 1
        del self._places[:gone], self._changes[:gone]


def rest_of(
    places: Sequence[Place], changes: Sequence[Sequence[Change]], point: Point, *, until: Place
) -> list[Change]:
    """Give the changes of entries, the first of which is the point's, that come after the point."""
    beyond = next((i for i, place in enumerate(places) if place > until), len(places))
    found = chain.from_iterable(changes[:beyond])
    return [change for change in found if change.place > point.place or _is_after(change, point)]


def _is_after(change: Change, point: Point) -> bool:
    return point.index is not None and change.index > point.index


def _size_of(changes: Sequence[Change]) -> int:
    return sum(change.size for change in changes)
