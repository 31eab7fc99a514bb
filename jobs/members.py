"""Which jobs belong to the batches that are followed: no event tells it, and a batch never gets other jobs. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jobs.change import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """The jobs of a batch."""

    batch_id: str
    job_ids: Sequence[str]


class Members:
    """Knows the jobs of those batches that anybody follows, each batch once however many do."""

    def __init__(self) -> None:
        self._batches: dict[str, str] = {}  # by job
        self._held: Counter[str] = Counter()

    def hold(self, roll: Roll | None) -> None:
        """Know these jobs from now on."""
        if roll is None:
            return
        self._held[roll.batch_id] += 1
        if self._held[roll.batch_id] == 1:
            self._batches.update(dict.fromkeys(roll.job_ids, roll.batch_id))

    def release(self, roll: Roll | None) -> None:
        """Forget them when they have been released as often as held."""
        if roll is None:
            return
        self._held[roll.batch_id] -= 1
        if not self._held[roll.batch_id]:
            del self._held[roll.batch_id]
            for job_id in roll.job_ids:
                self._batches.pop(job_id, None)

    def note(self, changes: Iterable[Change]) -> None:
        """Fill in the batches of changes."""
        if self._batches:
            for change in changes:
                change.batch_id = self._batches.get(change.job_id)
