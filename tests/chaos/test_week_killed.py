"""Two workers load a week of real orders, and one of them is killed meanwhile."""

import asyncio
import csv
import os
import signal
from decimal import Decimal
from typing import Any

import httpx

from jobs.stores.database import Database
from tests.chaos.exports import publish_template, sync, upload
from tests.support.conditions import eventually, reaches
from tests.support.files import RETAIL, needs_retail
from tests.support.processes import worker_process

_END_S = 60.0


@needs_retail
async def test_a_week_survives_a_worker_that_is_killed(
    web: httpx.AsyncClient, database: Database, environ: dict[str, str]
) -> None:
    """Every row of every day is a fact, once: rows, pieces and money are those of the files."""
    await publish_template(web)
    pieces, money, rows = Decimal(), Decimal(), 0
    tasks = []
    for path in sorted(RETAIL.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                rows += 1
                pieces += Decimal(row["Quantity"])
                money += Decimal(row["Quantity"]) * Decimal(row["UnitPrice"])
        tasks.append(await sync(web, (await upload(web, path.read_bytes()))["id"]))

    async def some_run_here() -> bool:
        seen: list[Any] = [(await web.get(f"/api/data-sync/progress/{task}")).json() for task in tasks]
        return any(one["state"] == "running" for one in seen)

    async with worker_process(environ) as doomed:
        await eventually(some_run_here)
        os.kill(doomed.pid, signal.SIGKILL)
        async with worker_process(environ):
            assert await doomed.ends(within_s=5) == -signal.SIGKILL
            ended = await asyncio.gather(*(reaches(web, task, "succeeded", within_s=_END_S) for task in tasks))
    counts = [job["result"]["rows"] for job in ended]
    assert all(one["read"] == one["inserted"] + one["unchanged"] for one in counts)
    assert sum(one["read"] for one in counts) == rows
    stored = await database.fetch_row(
        "SELECT count(*) AS rows, sum((data ->> 'Quantity')::numeric) AS pieces, "
        "sum((data ->> 'Quantity')::numeric * (data ->> 'UnitPrice')::numeric) AS money FROM facts"
    )
    assert stored is not None
    assert (stored["rows"], stored["pieces"], stored["money"]) == (rows, pieces, money)
