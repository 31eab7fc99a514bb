"""Lists of jobs from PostgreSQL, newest first, a page at a time. Which rows there are is the other stores' business.

Each list is read by one index, that of the filter which keeps least: it has the jobs of each state side by side, and
most of what else may be asked for, which is tried entry by entry. So that no page reads without end, it ends after some
thousand entries, or some hundred jobs, even where it is not full.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jobs.lifecycle import ENDS, UNFINISHED
from jobs.model import Job, State
from jobs.stores.database import Connection, Database, Row
from jobs.stores.jobs import job_of
from jobs.stores.queries import load_queries

MOST_LOOKED_AT = 5_000  # entries of an index: some fifty to a buffer
MOST_SEEN = 2_000  # jobs, side by side: a buffer each at worst
MOST_READ = 400  # jobs, by their ids: four buffers each

_DEEPER = 5
_DEEPEST = 2_000
_COMMONEST = (State.SUCCEEDED, State.QUEUED, State.FAILED)
_STATES = (*_COMMONEST, *sorted(set(State) - set(_COMMONEST)))
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 1, 1, tzinfo=UTC)
_SQL = load_queries(Path(__file__).with_suffix(".sql"))


class Place(NamedTuple):
    """A place in a list that goes by time, the newest first: that of the thing of this id, which need not be there."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs to list: those that fit all of it; None and no states fit any. `accepted_before` is not included."""

    states: Collection[State] = ()
    owner: str | None = None
    task: str | None = None
    queue: str | None = None
    tag: str | None = None
    batch: str | None = None
    accepted_after: datetime | None = None
    accepted_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Jobs, the newest first, and the place from which to go on; None where there are no more."""

    jobs: Sequence[Job]
    following: Place | None


class Look(StrEnum):
    """By which index a list is read: the query of this name."""

    STATE = "by_state"
    OWNER = "by_owner"
    TASK = "by_task"
    TAG = "by_tag"
    BATCH = "by_batch"


_WAITING = frozenset({State.ACCEPTED, State.QUEUED})


def look_for(wanted: JobFilter) -> Look:
    """Choose the index: by what keeps least, as far as that can be told from the filter alone."""
    if wanted.batch is not None:
        return Look.BATCH
    if wanted.tag is not None:
        return Look.TAG
    if wanted.owner is not None:
        return Look.OWNER
    return Look.STATE if wanted.task is None and wanted.queue is None else Look.TASK


def most_looked_at(wanted: JobFilter, *, runs: int = 1) -> int:
    """Say after how many a page ends, by what must be read to try one; `runs` are the pairs of queue and task."""
    has_more = wanted.task is not None or wanted.queue is not None
    tries_unfinished = not wanted.states or bool(set(wanted.states) & UNFINISHED)
    match look_for(wanted):
        case Look.TAG if has_more or wanted.states:
            return MOST_READ
        case Look.BATCH if wanted.tag is not None:
            return MOST_READ
        case Look.OWNER | Look.TASK if tries_unfinished:
            return max(MOST_SEEN // runs, 1)
        case _:
            return MOST_LOOKED_AT


class Listing:
    """All calls raise StoreUnavailableError while PostgreSQL is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: JobFilter, *, after: Place | None, limit: int) -> Page:
        """Give up to `limit` jobs from after this place on.

        They may be fewer, even none, though there is a place to go on from: where few of thousands fit.
        """
        async with self._database.connect() as connection:
            return await _Reading(connection, wanted).page(_start(wanted, after), limit)


class _Reading:
    """One page on its way: it looks a little further each time that it has not found enough."""

    def __init__(self, connection: Connection, wanted: JobFilter) -> None:
        self._connection = connection
        self._wanted = wanted
        self._look = look_for(wanted)

    async def page(self, place: Place, limit: int) -> Page:
        pairs = await self._pairs() if self._look is Look.TASK else None

        async def look(start: Place, most: int, wanted: int) -> Sequence[Row]:
            query, args = query_of(self._wanted, start, most=most, limit=wanted, pairs=pairs)
            return await self._connection.fetch(query, *args)

        most = most_looked_at(self._wanted, runs=len(pairs or ()) or 1)
        rows, following = await walk(look, place, limit=limit, time="accepted_at", most_looked_at=most)
        return Page(jobs=[job_of(row) for row in rows], following=following)

    async def _pairs(self) -> list[tuple[str, str]]:
        """Give the pairs of queue and task that may fit: of which there are jobs."""
        task, queue = self._wanted.task, self._wanted.queue
        if queue is None:
            return [(row["queue"], task or "") for row in await self._connection.fetch(_SQL["queues"])]
        if task is None:
            return [(queue, row["task"]) for row in await self._connection.fetch(_SQL["tasks"], queue)]
        return [(queue, task)]


async def walk(
    look: Callable[[Place, int, int], Awaitable[Sequence[Row]]],
    place: Place,
    *,
    limit: int,
    time: str,
    most_looked_at: int | None = None,
) -> tuple[list[Row], Place | None]:
    """Give up to `limit` rows that fit from after a place on, and the place from which to go on; None at the end.

    `look` is called with a place, how many rows to look at and how many to give. It gives those that `fits`, and the
    last that it looked at where that is as far as it may look (`is_last`), newest first by the column `time` and `id`.
    At `most_looked_at` rows, MOST_LOOKED_AT where nothing is said, the page ends, full or not.
    """
    found: list[Row] = []
    left = most_looked_at or MOST_LOOKED_AT
    depth = limit + 1
    while left > 0:
        rows = await look(place, depth, limit + 1 - len(found))
        found += [row for row in rows if row["fits"]]
        if len(found) > limit:
            last = found[limit - 1]
            return found[:limit], Place(last[time], str(last["id"]))
        if not rows or not rows[-1]["is_last"]:
            return found, None
        place = Place(rows[-1][time], str(rows[-1]["id"]))
        left -= depth
        depth = min(depth * _DEEPER, _DEEPEST, left)
    return found, place


def query_of(
    wanted: JobFilter, place: Place, *, most: int, limit: int, pairs: Sequence[tuple[str, str]] | None = None
) -> tuple[str, tuple[object, ...]]:
    """Give the query, with its arguments, that picks up to `limit` jobs from the next `most`."""
    look = look_for(wanted)
    states = [state for state in _STATES if state in (wanted.states or _STATES)]
    args: tuple[object, ...] = (
        *(states, *place, wanted.accepted_after or _FIRST, most),
        *(wanted.owner, wanted.task, wanted.queue, wanted.tag, limit),
    )
    if look is Look.TASK:
        args += ([queue for queue, _ in pairs or ()], [task for _, task in pairs or ()])
    elif look is Look.BATCH:
        args += (wanted.batch,)
    return _page_of(look, frozenset(states)), args


@cache
def _page_of(look: Look, states: frozenset[State]) -> str:
    """Give the query of a page, with no more parts than these states need: each costs time to plan."""
    if look not in {Look.OWNER, Look.TASK}:
        return f"WITH {_SQL[look]}\n\n{_SQL['page']}"
    parts = [_SQL[f"ended_{look}"]] if states & ENDS else []
    if states & _WAITING:
        parts.append(_SQL[f"waiting_{look}"])
    elif states & UNFINISHED:
        parts.append(_SQL["moving"])
    either = "\nUNION ALL\n".join(parts)
    return f"WITH {_SQL[look]},\n\neither AS (\n{either}\n),\n\n{_SQL['merged']}\n\n{_SQL['page']}"


def _start(wanted: JobFilter, after: Place | None) -> Place:
    newest = Place(wanted.accepted_before or LAST, "")
    return newest if after is None else min(newest, after)
