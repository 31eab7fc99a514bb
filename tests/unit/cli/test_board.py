"""What is known of what is watched."""

from typing import Any, cast

from app.cli.board import Board, Line, counted
from app.client import BatchEvent, JobEvent, ProgressEvent, ResetEvent
from app.client.shapes.batches import Batch
from app.client.shapes.jobs import Change

JOB, OTHER = "a" * 32, "b" * 32


def job(state: str, job_id: str = JOB, *, run: int = 1, **more: Any) -> JobEvent:  # noqa: ANN401  fields of a Change
    """Tell a state."""
    return JobEvent(id=None, change=cast("Change", {"id": job_id, "run": run, "state": state, **more}))


def progress(done: int, total: int | None, job_id: str = JOB, *, run: int = 1) -> ProgressEvent:
    """Tell progress."""
    return ProgressEvent(change={"id": job_id, "run": run, "progress": {"done": done, "total": total, "message": "m"}})


def batch(**counts: int) -> BatchEvent:
    """Tell how a batch of three does."""
    told = {"id": "c" * 32, "name": "three", "total": 3, "counts": counts, "state": "running"}
    return BatchEvent(id=None, batch=cast("Batch", told))


def board_of(*events: JobEvent | ProgressEvent | BatchEvent | ResetEvent, is_batch: bool = False) -> Board:
    """Make a board that was told these."""
    board = Board(JOB, is_batch=is_batch)
    for event in events:
        board.take(event)
    return board


def test_a_job_is_one_bar() -> None:
    """Of unknown length until it says more; full once it has succeeded, whatever it has said."""
    begun = board_of(job("running", task="t"))
    assert begun.lines() == [Line(key=JOB, label="t aaaaaaaa", done=0, total=None, note="running")]
    begun.take(progress(1, 4))
    assert begun.lines()[0] == Line(key=JOB, label="t aaaaaaaa", done=1, total=4, note="m")
    begun.take(job("succeeded"))
    assert begun.lines()[0] == Line(key=JOB, label="t aaaaaaaa", done=4, total=4, note="succeeded")


def test_what_fails_keeps_its_place() -> None:
    """A bar that has stopped."""
    assert board_of(job("running"), progress(1, 4), job("failed")).lines()[0].done == 1
    assert board_of(job("failed")).lines()[0] == Line(key=JOB, label="job aaaaaaaa", done=0, total=1, note="failed")


def test_a_batch_shows_those_that_run() -> None:
    """Below what is known of it as a whole; one that has ended is gone."""
    board = board_of(
        batch(running=2, queued=1), job("running"), job("running", OTHER), job("queued", "d"), is_batch=True
    )
    assert [line.key[0] for line in board.lines()] == ["c", "a", "b"]
    board.take(job("succeeded"))
    board.take(batch(running=1, succeeded=1, queued=1))
    assert [(line.done, line.total) for line in board.lines()] == [(1, 3), (0, None)]
    assert board.lines()[0].note == "1 running, 1 succeeded, 1 queued"
    assert counted(batch(running=0, failed=3).batch) == "3 failed"


def test_another_generation_begins_anew() -> None:
    """And what comes late of the former one counts no more."""
    board = board_of(job("running", task="t"), progress(3, 4), job("queued", run=2), progress(4, 4, run=1))
    assert board.lines()[0] == Line(key=JOB, label="t aaaaaaaa", done=0, total=None, note="queued")


def test_a_reset_clears_it() -> None:
    """What follows it counts."""
    board = board_of(job("running"), ResetEvent(id=None, reason="lost", instead=None))
    assert board.lines() == []
