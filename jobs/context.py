"""What a running task is handed: who it runs for, which try this is, and the site's stores."""

from collections.abc import Callable
from dataclasses import dataclass

from jobs import codec
from jobs.cache.cache import Cache
from jobs.model import Job, Progress
from jobs.settings import JobsSettings
from jobs.stores.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all tasks of one worker share."""

    settings: JobsSettings
    database: Database
    cache: Cache


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """The first argument of every async task.

    `job.fence` is an integer that rises with each start of the job: a task that stores it beside what it
    writes can tell a late write of a former start from its own.
    """

    job: Job
    site: Site
    report: Callable[[Progress], None]

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        """Say how far the task is; cheap enough for every row. It is stored up to four times a second."""
        self.report(Progress(done=done, total=total, message=codec.clean_text(message)[:500]))
