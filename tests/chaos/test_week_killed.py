"""Two workers load a week of real orders as one batch, and one of them is killed meanwhile."""

import csv
import os
import signal
from decimal import Decimal
from typing import Any

import httpx
import pytest

from jobs.stores.database import Database
from tests.chaos.exports import publish_template, upload
from tests.support.conditions import eventually
from tests.support.files import RETAIL, needs_retail
from tests.support.processes import worker_process

pytestmark = pytest.mark.usefixtures("stores_stay")

_END_S = 60.0


@needs_retail
async def test_a_week_survives_a_worker_that_is_killed(
    web: httpx.AsyncClient, database: Database, environ: dict[str, str]
) -> None:
    """Every row of every day is a fact, once: rows, pieces and money are those of the files."""
    await publish_template(web)
    pieces, money, rows = Decimal(), Decimal(), 0
    files = []
    for path in sorted(RETAIL.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                rows += 1
                pieces += Decimal(row["Quantity"])
                money += Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
        files.append((await upload(web, path.read_bytes()))["id"])

    begun = (await web.post("/api/data-sync/batch-all", json={})).json()
    assert begun["file_count"] == len(files), begun

    async def some_are_loaded() -> bool:
        seen = await _progress(web, begun["task_id"])
        return bool(0 < seen["files"]["processed"] < len(files))

    async with worker_process(environ, "data_sync:1") as doomed, worker_process(environ, "data_sync:1"):
        await eventually(some_are_loaded, within_s=_END_S)
        os.kill(doomed.pid, signal.SIGKILL)
        assert await doomed.ends(within_s=5) == -signal.SIGKILL
        first = await _ended(web, begun["task_id"])
        again = await web.post("/api/data-sync/batch-by-ids", json={"file_ids": files})
        second = await _ended(web, again.json()["task_id"])
    assert (first["state"], first["files"]["succeeded"], first["percent"]) == ("succeeded", len(files), 100)
    assert (first["rows"]["read"], first["rows"]["quarantined"]) == (rows, 0)
    assert rows == first["rows"]["inserted"] + first["rows"]["unchanged"]
    assert (second["state"], second["rows"]["read"], second["rows"]["unchanged"]) == ("succeeded", rows, rows)
    for ended in (first, second):
        assert ended["quality"]["rows_read"] == rows
    stored = await database.fetch_row(
        "SELECT count(*) AS rows, sum((data ->> 'Quantity')::numeric) AS pieces, "
        "sum((data ->> 'Quantity')::numeric * (data ->> 'UnitPrice')::numeric) AS money FROM facts"
    )
    assert stored is not None
    assert (stored["rows"], stored["pieces"], stored["money"]) == (rows, pieces, money)


async def _progress(web: httpx.AsyncClient, task_id: str) -> Any:  # noqa: ANN401  JSON
    return (await web.get(f"/api/data-sync/progress/{task_id}")).json()


async def _ended(web: httpx.AsyncClient, task_id: str) -> Any:  # noqa: ANN401  JSON
    """Wait for a batch's end, and for the quality report that follows it; give its progress."""

    async def is_measured() -> Any:  # noqa: ANN401  JSON
        seen = await _progress(web, task_id)
        return seen if seen["state"] != "running" and seen["quality"] else None

    return await eventually(is_measured, within_s=_END_S)
