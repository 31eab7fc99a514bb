"""Canaries in /readyz: how long ago each came back, and a warning, nothing more, where that is too long."""

import math
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from jobs.stores.database import Database
from tests.support.conditions import eventually
from tests.support.metrics import scrape, value_of
from tests.support.running import ran_now
from tests.support.site import SLOTS, running_web, running_worker


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site that has its canaries, and nothing else that runs by itself."""
    return {**environ, "JOBS_TIMETABLE": "off; canary=* * * * *"}


@pytest.fixture
async def client(environ: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Run the application without a worker."""
    async with running_web(environ) as client:
        yield client


async def _ready(client: httpx.AsyncClient) -> Any:  # noqa: ANN401  JSON
    answer = await client.get("/readyz")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _all_enrolled(client: httpx.AsyncClient) -> None:
    async def are_due() -> bool:
        items = (await client.get("/api/schedules")).json()["items"]
        return all(schedule["next_due_at"] for schedule in items)

    await eventually(are_due)


async def test_a_site_that_is_new_has_none_and_no_warning(client: httpx.AsyncClient) -> None:
    """Nobody has fired yet."""
    ready = await _ready(client)
    assert (ready["canaries"], ready["warnings"]) == (dict.fromkeys(SLOTS), [])


async def test_a_canary_that_came_back_is_told_by_its_age(environ: dict[str, str]) -> None:
    """Of its queue alone."""
    environ["JOBS_TIMETABLE"] = "off; canary=0 0 29 2 *"  # none is sent meanwhile but the one that is wanted
    async with running_web(environ) as client, running_worker(environ):
        await _all_enrolled(client)
        assert (await ran_now(client, "canary.data_processing"))["state"] == "succeeded"

        async def age_s() -> float | None:
            age: float | None = (await _ready(client))["canaries"]["data_processing"]
            return age

        assert await eventually(age_s) < 30
        samples = await scrape(client)
    name = "switchyard_schedule_since_success_seconds"
    assert value_of(samples, name, schedule="canary.data_processing") < 60
    assert value_of(samples, "switchyard_canary_age_seconds", queue="data_processing") < 60
    assert value_of(samples, "switchyard_canary_age_seconds", queue="scheduled") == math.inf


async def test_one_that_is_silent_is_a_warning_and_the_process_stays_ready(
    client: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """After five minutes and the time between two, if it was fired for so long; also where none ever came back."""
    # None comes back here, also if a minute begins while the worker runs.
    assert (await client.post("/api/queues/data_processing/pause")).status_code == 200
    async with running_worker(environ):
        await _all_enrolled(client)
        for queue in ("data_sync", "scheduled"):
            await ran_now(client, f"canary.{queue}")

        async def are_written() -> bool:
            canaries = (await _ready(client))["canaries"]
            return None not in (canaries["data_sync"], canaries["scheduled"])

        await eventually(are_written)
    await database.execute(
        "UPDATE jobs SET finished_at = finished_at - interval '361 seconds' WHERE queue = 'data_sync'"
    )
    async with running_web(environ) as another:  # which has not looked yet: what was seen is kept for some seconds
        assert (await _ready(another))["warnings"] == []
    await database.execute("UPDATE schedules SET fired = fired + 7")
    async with running_web(environ) as another:
        ready = await _ready(another)
    assert ready["status"] == "ready"
    assert ready["warnings"] == ["canary.data_sync", "canary.data_processing"]
    assert ready["canaries"]["data_sync"] > 360
    assert ready["canaries"]["data_processing"] is None
    # One that comes back ends it.
    async with running_worker(environ):
        await ran_now(client, "canary.data_sync")

        async def is_well() -> bool:
            return "canary.data_sync" not in (await _ready(client))["warnings"]

        await eventually(is_well)
