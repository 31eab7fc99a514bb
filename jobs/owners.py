"""Whose jobs are, for what is told without that: only the event of putting a job in line names its owner."""

from collections.abc import Iterable

from jobs import codec
from jobs.change import Change
from jobs.stores.jobs import JobStore
from jobs.stores.tail import Tail

_MOST = 50_000


class Owners:
    """Remembers the owners of the jobs that it has met last."""

    def __init__(self, *, jobs: JobStore, tail: Tail, most: int = _MOST) -> None:
        self._jobs = jobs
        self._tail = tail
        self._most = most
        self._known: dict[str, str] = {}  # in the order in which they were met

    def note(self, changes: Iterable[Change]) -> None:
        """Remember the owners that are told."""
        for change in changes:
            if change.owner is not None:
                self._remember(change.job_id, change.owner)

    async def resolve(self, changes: Iterable[Change]) -> None:
        """Find out the owners of changes. A job that no store has keeps none. Raises StoreUnavailableError.

        Redis is asked first: it has all that has not ended.
        """
        unknown = [change for change in changes if change.owner is None]
        left = self._fill(unknown)
        if not left:
            return
        found = await self._tail.owners(left)
        for job_id, owner in zip(left, found, strict=True):
            if owner is not None:
                self._remember(job_id, owner)
        if left := self._fill(unknown):
            for job_id, owner in (await self._jobs.owners_of(left)).items():
                self._remember(job_id, owner)
            self._fill(unknown)

    def _fill(self, changes: Iterable[Change]) -> list[str]:
        """Fill in what is remembered; give the ids of the others."""
        left: dict[str, None] = {}
        for change in changes:
            if change.owner is None:
                change.owner = self._known.get(change.job_id) or _owner_in_row(change)
            if change.owner is None:
                left[change.job_id] = None
        return list(left)

    def _remember(self, job_id: str, owner: str) -> None:
        if len(self._known) >= self._most and job_id not in self._known:
            del self._known[next(iter(self._known))]
        self._known[job_id] = owner


def _owner_in_row(change: Change) -> str | None:
    """Read the owner off the whole job that an event carries where PostgreSQL did not take it."""
    row = change.told.get("row")
    return None if row is None else str(codec.loads_plain(row.encode())["owner"])
