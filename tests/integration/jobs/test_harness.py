"""Jobs of a test's own tasks, run by the real engine until none is left."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from jobs.context import JobContext
from jobs.errors import InvalidInputError, NotFoundError
from jobs.model import State
from jobs.registry import Task
from jobs.retry import Backoff, RetryPolicy
from jobs.testing import Harness, open_harness
from tests.support.tasks import TASKS as SHARED

_AT_ONCE = RetryPolicy(backoff=Backoff(base_s=0.01, cap_s=0.01))


async def stumble(context: JobContext) -> int:
    """Succeed in the third try."""
    if context.job.tries < 3:
        raise RuntimeError("not yet")
    return context.job.tries


async def stay(_: JobContext) -> None:
    """Never end."""
    await asyncio.Event().wait()


TASKS = (
    *SHARED,
    Task(name="test.three", function=stumble, queue="data_sync", retry=_AT_ONCE),
    Task(name="test.stay", function=stay, queue="slow"),
)


@pytest.fixture
async def harness(environ: Mapping[str, str]) -> AsyncIterator[Harness]:
    """Open one on the test's stores."""
    urls = {"database_url": environ["DATABASE_URL"], "redis_url": environ["REDIS_URL"]}
    async with open_harness(TASKS, **urls) as harness:
        yield harness


async def test_all_run_to_their_ends(harness: Harness) -> None:
    """Those that are tried again, that fail, that wait for their time, and that run in a child process."""
    jobs = [
        await harness.submit("test.three"),
        await harness.submit("test.give_up"),
        await harness.submit("test.who", delay_s=0.3, owner="ann", priority=7),
        await harness.submit("test.stumble"),
    ]
    await harness.run_until_empty()
    three, failed, late, child = [await harness.job(job.id) for job in jobs]
    assert (three.state, three.result, three.tries) == (State.SUCCEEDED, 3, 3)
    assert failed.state is child.state is State.FAILED
    assert failed.error is not None
    assert failed.error.message == "there is no such shop"
    assert late.result[:2] == ["ann", 7]


async def test_what_does_not_end_is_told(harness: Harness) -> None:
    """It is handed back, and the next run finds it."""
    job = await harness.submit("test.stay")
    with pytest.raises(TimeoutError):
        await harness.run_until_empty(within_s=0.5)
    assert (await harness.job(job.id)).state is State.QUEUED


async def test_bad_submissions_are_refused(harness: Harness) -> None:
    """As by the API; and nothing is found where nothing is."""
    with pytest.raises(InvalidInputError):
        await harness.submit("test.fail_late", {"seconds": "long"})
    with pytest.raises(NotFoundError):
        await harness.job("nothing")
    await harness.run_until_empty()
