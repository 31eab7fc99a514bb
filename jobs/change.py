"""What those who follow jobs are told: one change of one job, and where in the stream of events it stands. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from jobs.lifecycle import is_end
from jobs.model import State

Key = tuple[str, str]  # what may be followed: a kind, and which of it

EVERYTHING: Key = ("all", "")

_LEAN = 300  # bytes of a change without result and error

_POINT = re.compile(r"([0-9]{1,15})-([0-9]{1,18})(?::(?:([0-9]{1,6})|(end)))?")


def key_of_job(job_id: str) -> Key:
    """Name what happens to a job."""
    return ("job", job_id)


def key_of_owner(owner: str) -> Key:
    """Name what happens to an owner's jobs."""
    return ("owner", owner)


def key_of_batch(batch_id: str) -> Key:
    """Name what happens to the jobs of a batch."""
    return ("batch", batch_id)


class Place(NamedTuple):
    """The id of an entry of a stream. Places have the order of time."""

    ms: int
    number: int

    @classmethod
    def of(cls, entry: bytes) -> Self:
        """Read an id as Redis gives it."""
        ms, _, number = entry.partition(b"-")
        return cls(int(ms), int(number))

    def __str__(self) -> str:
        """Write it as Redis takes it."""
        return f"{self.ms}-{self.number}"


NOWHERE = Place(0, 0)  # before the first entry of an empty stream


@dataclass(frozen=True, slots=True)
class Point:
    """Up to where somebody has been told: all of an entry, or up to one of its events (`index`).

    With `is_end` it was the end of the one job or batch that he followed.
    """

    place: Place
    index: int | None = None
    is_end: bool = False

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read `ms-number`, `ms-number:index` or `ms-number:end`; None for any other text."""
        found = _POINT.fullmatch(text)
        if found is None:
            return None
        ms, number, index, end = found.groups()
        return cls(Place(int(ms), int(number)), None if index is None else int(index), end is not None)

    def __str__(self) -> str:
        """Write what `parse` reads."""
        if self.is_end:
            return f"{self.place}:end"
        return str(self.place) if self.index is None else f"{self.place}:{self.index}"


@dataclass(slots=True, kw_only=True)
class Change:
    """One event, as a script has told it (`stores.events.Entry`), or one report of progress: that has no state.

    `owner` is None until it is known, `batch_id` unless somebody follows the job's batch. `frame` is kept by whoever
    shows the change, so that it is made once for all.
    """

    place: Place
    index: int
    job_id: str
    run: int
    told: Mapping[str, str]
    state: State | None = None
    version: int = 0
    at_ms: int = 0
    owner: str | None = None
    batch_id: str | None = None
    frame: bytes | None = None

    @classmethod
    def of(cls, place: Place, index: int, told: Mapping[str, str]) -> Self | None:
        """Make the change that an event tells; None where it tells none."""
        try:
            return cls(
                place=place,
                index=index,
                job_id=told["id"],
                run=int(told["run"]),
                told=told,
                state=State(told["state"]),
                version=int(told["v"]),
                at_ms=int(told["at"]),
                owner=told.get("owner"),
            )
        except (KeyError, TypeError, ValueError):
            return None

    @classmethod
    def of_progress(cls, place: Place, told: Mapping[str, str]) -> Self:
        """Make the change that a report of progress tells."""
        return cls(place=place, index=0, job_id=told["id"], run=int(told["run"]), told=told)

    @property
    def point(self) -> Point:
        """Where whoever was told this has come to."""
        return Point(self.place, self.index)

    @property
    def is_end(self) -> bool:
        """Whether the job has ended by it."""
        return self.state is not None and is_end(self.state)

    @property
    def size(self) -> int:
        """About how many bytes it takes to keep it."""
        return _LEAN + len(self.told.get("result", "")) + len(self.told.get("error", ""))

    @property
    def keys(self) -> tuple[Key, ...]:
        """What is followed by those who are to be told."""
        owners = () if self.owner is None else (key_of_owner(self.owner),)
        batches = () if self.batch_id is None else (key_of_batch(self.batch_id),)
        return (EVERYTHING, key_of_job(self.job_id), *owners, *batches)
