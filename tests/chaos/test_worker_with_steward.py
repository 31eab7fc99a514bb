"""A worker that is the steward too, and a PostgreSQL that hangs: loads may wait for it, the steward's duties do not."""

import httpx
import pytest

from jobs import stewardship
from jobs.stores.database import Database
from tests.chaos.outages import hung
from tests.chaos.workers import worker_of
from tests.support.conditions import eventually, reaches
from tests.support.servers import Servers
from tests.support.site import submit

_ANSWER_S = 3.0
_WAITING = {"stores_not_compared", "history_awaits_store", "recovery_postponed"}


async def test_no_duty_waits_for_ever(
    web: httpx.AsyncClient,
    environ: dict[str, str],
    servers: Servers,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each gives up what is not answered, as in a process of its own, and asks again."""
    monkeypatch.setattr(stewardship, "_ANSWER_S", _ANSWER_S)

    async def is_in_order() -> bool:
        return bool(await database.fetch("SELECT FROM site WHERE rebuilt_at IS NOT NULL"))

    async def all_wait() -> bool:
        return all(event in caplog.text for event in _WAITING)

    async with worker_of(environ, {"data_sync": 2}) as worker:
        await eventually(is_in_order)
        async with hung(servers.postgres):
            job = await submit(web, "diag.noop")
            await eventually(all_wait)
        assert (await reaches(web, job["id"], "succeeded"))["tries"] == 1

        async def is_written() -> bool:
            return bool(await database.fetch("SELECT FROM jobs WHERE id = $1 AND finished_at IS NOT NULL", job["id"]))

        await eventually(is_written)
        assert not worker.done()
