"""Jobs: submitted, looked at, waited for, followed, cancelled, retried."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any, Unpack

from app.client.errors import JobEndedError
from app.client.events import Event, ends_job
from app.client.following import Following
from app.client.pages import all_of, items_of
from app.client.request import Request, keyed, path_of
from app.client.shapes.jobs import ENDS, Cancellation, Job, JobFilter, JobOptions, Task, TriedJob
from app.client.transport import Transport

_LONG_S = 25.0  # as long as a server waits
_ANSWER_S = 15.0  # for the answer itself


class Jobs:
    """Single jobs. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def submit(
        self,
        task: str,
        args: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
        **options: Unpack[JobOptions],
    ) -> Job:
        """Submit a job; give it, or the one that is already there under its `unique_key`.

        However often it is sent, it is one job: it carries an Idempotency-Key, one of its own by default. Who means to
        go on after a crash of his own program keeps a key and gives it.
        """
        body = {"task": task, "args": args or {}, **options}
        request = Request(
            method="POST", path=path_of("jobs"), body=body, headers=keyed(idempotency_key), is_repeatable=True
        )
        return await self._transport.ask(request, Job)

    async def show(self, job_id: str, *, wait_s: float = 0.0) -> TriedJob:
        """Give a job with its tries, at its end or after `wait_s` seconds, 25 at most."""
        request = Request(
            method="GET",
            path=path_of("jobs", job_id),
            query={"wait_s": wait_s or None},
            is_repeatable=True,
            within_s=wait_s + _ANSWER_S,
        )
        return await self._transport.ask(request, TriedJob)

    async def wait(self, job_id: str) -> TriedJob:
        """Wait until a job has ended, however long that takes; give it. Giving up leaves the job running."""
        while True:
            job = await self.show(job_id, wait_s=_LONG_S)
            if job["state"] in ENDS:
                return job

    async def result(self, job_id: str) -> Any:  # noqa: ANN401  whatever the task gives back
        """Wait for a job's result; raises JobEndedError where it ends without one."""
        job = await self.wait(job_id)
        if job["state"] != "succeeded":
            raise JobEndedError(job)
        return job["result"]

    def follow(self, job_id: str) -> AsyncGenerator[Event, None]:
        """Give a job as it is, then what happens to it, up to its end; also over broken connections.

        Who leaves before the end closes it: `async with contextlib.aclosing(client.jobs.follow(job_id)) as events`.
        """
        return Following(self._transport, path_of("jobs", job_id, "events"), ends=ends_job).events()

    def follow_all(self) -> AsyncGenerator[Event, None]:
        """Give one's own unfinished jobs, an administrator everybody's, then what happens to any. It has no end."""
        return Following(self._transport, path_of("events"), ends=None).events()

    def list(self, *, most: int | None = None, **wanted: Unpack[JobFilter]) -> AsyncIterator[Job]:
        """Give jobs, newest first, at most so many."""
        return items_of(self._transport, path_of("jobs"), Job, most=most, **wanted)

    async def cancel(self, job_id: str, *, wait_s: float = 2.0) -> Cancellation:
        """Stop a job; wait so long for what becomes of one that runs, 25 s at most."""
        request = Request(
            method="POST",
            path=path_of("jobs", job_id, "cancel"),
            query={"wait_s": wait_s},
            is_repeatable=True,
            within_s=wait_s + _ANSWER_S,
        )
        return await self._transport.ask(request, Cancellation)

    async def retry(self, job_id: str) -> Job:
        """Run a job that failed, was cancelled or has expired once more; raises ConflictError for any other."""
        return await self._transport.ask(Request(method="POST", path=path_of("jobs", job_id, "retry")), Job)

    async def tasks(self) -> Sequence[Task]:
        """Give what can be submitted, with JSON Schemas of the arguments."""
        return await all_of(self._transport, path_of("tasks"), Task)
