"""What a batch is called by the states of its jobs."""

from datetime import UTC, datetime

import pytest

from jobs.batch import Batch
from jobs.model import State

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _state(counts: dict[State, int], *, total: int, finished_at: datetime | None = _NOW) -> str:
    batch = Batch(id="b", owner="o", name=None, total=total, counts=counts, created_at=_NOW, finished_at=finished_at)
    return batch.state


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        ({State.SUCCEEDED: 3}, "succeeded"),
        ({State.SUCCEEDED: 2, State.FAILED: 1}, "partial"),
        ({State.SUCCEEDED: 1, State.CANCELLED: 2}, "partial"),
        ({State.FAILED: 3}, "failed"),
        ({State.EXPIRED: 3}, "failed"),
        ({State.FAILED: 1, State.CANCELLED: 2}, "failed"),
        ({State.CANCELLED: 3}, "cancelled"),
    ],
)
def test_an_ended_batch_is_called_by_what_its_jobs_have_in_common(counts: dict[State, int], state: str) -> None:
    """One that none of them has is none."""
    assert _state(counts, total=3) == state


def test_a_batch_runs_until_somebody_has_seen_that_it_does_not() -> None:
    """Also while its jobs have all ended: what follows them has not been made then."""
    assert _state({State.SUCCEEDED: 3}, total=3, finished_at=None) == "running"
