"""The release before the newest migration runs on the schema after it: alone, and beside ours during a deploy."""

import signal
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.migrate import FOLDER
from tests.support.conditions import eventually, reaches
from tests.support.previous import previous_release
from tests.support.processes import ROOT, started, web_process, worker_process
from tests.support.site import end_of, submit


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the previous release's tree."""
    return previous_release(tmp_path_factory.mktemp("before"))


async def test_it_is_the_previous_release(before: Path) -> None:
    """A process that is started in its tree has its packages, with all migrations but one."""
    script = "from app.migrate import FOLDER, load_migrations; print('has', len(load_migrations(FOLDER)))"
    async with started((sys.executable, "-c", script), {}, tree=before) as process:
        assert int((await process.says(r"has (\d+)"))[1]) == len(list(FOLDER.glob("*.sql"))) - 1


@pytest.mark.parametrize(("web_is_old", "worker_is_old"), [(True, True), (True, False), (False, True)])
async def test_jobs_come_and_go(
    environ: Mapping[str, str], before: Path, *, web_is_old: bool, worker_is_old: bool
) -> None:
    """They are submitted, run, listed, batched and cancelled."""
    web_tree, worker_tree = (before if is_old else ROOT for is_old in (web_is_old, worker_is_old))
    async with (
        web_process(environ, tree=web_tree) as (_, client),
        worker_process(environ, tree=worker_tree),  # the steward too
    ):
        ran = await submit(client, "diag.sleep", {"seconds": 0.01})
        assert (await end_of(client, ran["id"]))["result"] == 0.01
        running = await submit(client, "diag.sleep", {"seconds": 60})
        await reaches(client, running["id"], "running")
        answer = await client.post(f"/api/jobs/{running['id']}/cancel", params={"wait_s": 15})
        assert answer.json()["outcome"] == "stopped"
        batch = await client.post("/api/batches", json={"jobs": [{"task": "diag.noop"}] * 3})
        assert batch.status_code == 202, batch.text

        async def whole() -> bool:
            found = (await client.get(f"/api/batches/{batch.json()['id']}")).json()
            return bool(found["state"] == "succeeded")

        await eventually(whole)
        listed = (await client.get("/api/jobs")).json()["items"]
        assert Counter(job["state"] for job in listed) == {"succeeded": 4, "cancelled": 1}


@pytest.mark.parametrize("is_forward", [True, False])
async def test_jobs_go_on_under_the_other(environ: Mapping[str, str], before: Path, *, is_forward: bool) -> None:
    """What one release's worker hands back at its end the other's runs, at no cost of a try; and what is due later."""
    first, second = (before, ROOT) if is_forward else (ROOT, before)
    hasty = {**environ, "JOBS_DRAIN_S": "0"}
    async with web_process(environ, tree=first) as (_, client):
        async with worker_process(hasty, tree=first) as worker:
            running = await submit(client, "diag.sleep", {"seconds": 2.0}, max_tries=1)
            timed = await submit(client, "diag.noop", {}, delay_s=1)
            await reaches(client, running["id"], "running")
            worker.send(signal.SIGTERM)
            assert await worker.ends(within_s=20) == 0
        async with worker_process(environ, tree=second):
            assert [(await end_of(client, job["id"]))["state"] for job in (running, timed)] == ["succeeded"] * 2
