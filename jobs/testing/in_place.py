"""Runs a task where the test stands: no store, no queue, no child process. What it raises is raised here."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from jobs import codec
from jobs.context import JobContext, Site
from jobs.errors import JobTimeoutError
from jobs.ids import new_job_id
from jobs.model import DEFAULT_PRIORITY, Job, Progress, State
from jobs.registry import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a task gave back, as JSON has it, and all the progress that it has told, in order."""

    result: Any
    progress: tuple[Progress, ...]


class _NoSite:
    """Stands where a context has the site's stores."""

    def __getattr__(self, name: str) -> object:
        """Say that they are missing."""
        raise LookupError(f"the task uses context.site.{name}: give run_in_place a `site`, or run it by open_harness")


async def run_in_place(
    task: Task,
    args: Mapping[str, Any] | None = None,
    *,
    tries: int = 1,
    owner: str = "somebody",
    site: Site | None = None,
) -> Ran:
    """Run one try of a task; `tries` is which one the context says it is.

    The arguments are checked as at submission, and typed as in a run. Raises InvalidInputError for those that the task
    does not take, JobTimeoutError where an async task takes longer than its `timeout_s`, TypeError where the result
    cannot be stored as JSON, and whatever the task raises: nothing is tried again. A plain function is called in this
    process, whatever its `runs_in`, and nothing stops it.
    """
    given = task.arguments.check(args or {})
    arguments, told = task.arguments.bind(given), list[Progress]()
    if task.is_async:
        job = _job(task, given, tries=tries, owner=owner)
        context = JobContext(job=job, site=site or cast("Site", _NoSite()), report=told.append)
        try:
            async with asyncio.timeout(task.timeout_s) as limit:
                result = await task.function(context, **arguments)
        except TimeoutError:
            if limit.expired():
                raise JobTimeoutError(f"stopped after {task.timeout_s:g} s") from None
            raise
    else:
        result = task.function(**arguments)
    return Ran(result=codec.loads_plain(codec.dumps_result(result)), progress=tuple(told))


def _job(task: Task, args: Mapping[str, Any], *, tries: int, owner: str) -> Job:
    now = datetime.now(UTC)
    return Job(
        id=new_job_id(),
        task=task.name,
        queue=task.queue,
        owner=owner,
        state=State.RUNNING,
        priority=DEFAULT_PRIORITY,
        args=args,
        tags=(),
        run=1,
        fence=tries,
        tries=tries,
        max_tries=max(tries, task.max_tries),
        timeout_s=task.timeout_s,
        accepted_at=now,
        run_at=None,
        started_at=now,
    )
