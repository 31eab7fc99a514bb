"""Which jobs are of the batches that are followed."""

from jobs.change import Change, Place, key_of_batch, key_of_job
from jobs.members import Members, Roll

_ROLL = Roll(batch_id="b", job_ids=["1", "2"])


def _noted(members: Members, job_id: str) -> Change:
    change = Change.of_progress(Place(1, 0), {"id": job_id, "run": "1"})
    members.note([change])
    return change


def test_jobs_are_known_as_long_as_anybody_holds_their_batch() -> None:
    """Two hold it: after the first has let go they are still known; jobs of no held batch never are."""
    members = Members()
    for _ in range(2):
        members.hold(_ROLL)
    members.hold(Roll(batch_id="c", job_ids=["3"]))
    members.release(_ROLL)
    assert [_noted(members, job_id).batch_id for job_id in "1234"] == ["b", "b", "c", None]
    members.release(_ROLL)
    assert [_noted(members, job_id).batch_id for job_id in "123"] == [None, None, "c"]


def test_a_change_is_told_to_those_who_follow_its_batch() -> None:
    """Beside those who follow the job."""
    members = Members()
    members.hold(_ROLL)
    assert {key_of_job("1"), key_of_batch("b")} <= set(_noted(members, "1").keys)
    assert key_of_batch("b") not in _noted(members, "3").keys


def test_who_follows_no_batch_holds_nothing() -> None:
    """Neither holding nor letting go of it does anything."""
    members = Members()
    members.hold(None)
    members.release(None)
    assert _noted(members, "1").batch_id is None
