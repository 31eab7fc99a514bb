"""Tasks that are run where a test stands."""

import asyncio
from dataclasses import dataclass
from datetime import date

import pytest

from jobs.context import JobContext
from jobs.errors import InvalidInputError, JobFailedError, JobTimeoutError
from jobs.registry import Task
from jobs.testing import run_in_place


@dataclass
class Pair:
    """What a task gives back that is no JSON value by itself."""

    left: int
    right: date


async def count(context: JobContext, to: int, *, since: date) -> Pair:
    """Tell each step."""
    for done in range(to):
        context.progress(done + 1, to)
    return Pair(left=context.job.tries, right=since)


async def linger(_: JobContext) -> None:
    """Take longer than the task may."""
    await asyncio.Event().wait()


async def look(context: JobContext) -> None:
    """Ask for what is not there."""
    await context.site.database.fetch("SELECT 1")


async def give_up(_: JobContext) -> None:
    """Fail for good."""
    raise JobFailedError("there is no such shop")


def double(number: int) -> int:
    """Run anywhere."""
    return 2 * number


def task(function: object, **more: float) -> Task:
    """Declare a task of the tests'."""
    return Task(name="test.task", function=function, queue="data_sync", **more)  # type: ignore[arg-type]


async def test_it_gets_typed_arguments_and_gives_json_back() -> None:
    """As in a run: a date is one again, and a dataclass is an object afterwards; each word of progress is kept."""
    ran = await run_in_place(task(count), {"to": 2, "since": "2026-11-26"}, tries=3)
    assert ran.result == {"left": 3, "right": "2026-11-26"}
    assert [(one.done, one.total) for one in ran.progress] == [(1, 2), (2, 2)]


async def test_a_plain_function_is_called_here() -> None:
    """In this process, so that what a test has patched counts."""
    assert (await run_in_place(task(double), {"number": 21})).result == 42


async def test_wrong_arguments_are_refused_as_at_submission() -> None:
    """All of them are named."""
    with pytest.raises(InvalidInputError) as caught:
        await run_in_place(task(double), {"numbr": "21"})
    assert {mistake.pointer for mistake in caught.value.mistakes} == {"/args/number", "/args/numbr"}


async def test_what_it_raises_is_raised() -> None:
    """Nothing is tried again, and a task that takes too long is stopped."""
    with pytest.raises(JobFailedError, match="no such shop"):
        await run_in_place(task(give_up))
    with pytest.raises(JobTimeoutError):
        await run_in_place(task(linger, timeout_s=0.01))


async def test_stores_that_are_missing_are_named() -> None:
    """With what to do about it."""
    with pytest.raises(LookupError, match=r"context\.site\.database: give run_in_place a `site`"):
        await run_in_place(task(look))
