"""How far a sync is, as its submitter sees it: made from the job alone. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.batch import BatchState
from jobs.lifecycle import is_end
from jobs.model import Job, State
from jobs.tasks.data_sync.model import RowCounts

# A sync whose rows are all read has still to be loaded.
_BEFORE_THE_END = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCounts:
    """What became of the files of a sync."""

    total: int
    succeeded: int
    failed: int
    skipped: int

    @property
    def processed(self) -> int:
        """Count the files that are done with, whichever way."""
        return self.succeeded + self.failed + self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncError:
    """Why a file was not loaded."""

    file_id: str
    file: str
    type: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncProgress:
    """How far a sync is. `percent` is of the rows read, of a batch of its files, and 100 only after the end."""

    task_id: str
    state: State | BatchState
    files: FileCounts
    rows: Mapping[str, int]
    percent: int
    current_file: str | None
    errors: tuple[SyncError, ...]
    errors_total: int
    quality: Mapping[str, Any] | None = None
    current_files: tuple[str, ...] = ()


def progress_of(job: Job, *, file_name: str) -> SyncProgress:
    """Read a sync's progress off its job."""
    ended = is_end(job.state)
    skipped = bool(job.result and job.result["skipped"])
    errors = _errors(job, file_name)
    return SyncProgress(
        task_id=job.id,
        state=job.state,
        files=FileCounts(
            total=1,
            succeeded=int(job.state is State.SUCCEEDED and not skipped),
            failed=int(ended and job.state is not State.SUCCEEDED),
            skipped=int(skipped),
        ),
        rows=_rows(job),
        percent=_percent(job),
        current_file=None if ended else file_name,
        errors=errors,
        errors_total=len(errors),
        quality=job.result.get("quality") if job.result else None,
        current_files=() if ended else (file_name,),
    )


def _errors(job: Job, file_name: str) -> tuple[SyncError, ...]:
    if job.error is None or job.state is not State.FAILED:
        return ()
    file_id = job.args["file_id"]
    return (SyncError(file_id=file_id, file=file_name, type=job.error.type, message=job.error.message),)


def _rows(job: Job) -> Mapping[str, int]:
    if job.result:
        counts: Mapping[str, int] = job.result["rows"]
        return counts
    read = job.progress.done if job.progress and job.state is State.RUNNING else 0
    return RowCounts(read=read).as_mapping()


def _percent(job: Job) -> int:
    if is_end(job.state):
        return 100
    if job.progress is None or not job.progress.total:
        return 0
    return min(_BEFORE_THE_END, 100 * job.progress.done // job.progress.total)
