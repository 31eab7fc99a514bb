"""Submissions while a hundred files are loaded by a worker on the same machine, and before."""

import asyncio
import json
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import uvloop

from benchmarks.http_load import Load, post
from benchmarks.measure import progress, table
from benchmarks.retail import HEADERS, KEYS, write_csv
from benchmarks.sites import new_site
from jobs.stores.database import Database
from tests.support.conditions import eventually
from tests.support.files import publish, upload
from tests.support.processes import web_process, worker_process
from tests.support.site import ADMIN_KEY

FILES = 100
ROWS = 10_000
REQUESTS = 500
EVERY_S = 0.04
SLOTS = "data_sync:8"

# Of a server that has been in use: it has as many segments of the log as it needs until the next checkpoint, and writes
# them over. A new one makes each of them first, 16 MiB of zeros on the disk, while some commit waits for that.
_USED = ("ALTER SYSTEM SET min_wal_size = '2GB'", "ALTER SYSTEM SET max_wal_size = '4GB'", "SELECT pg_reload_conf()")
_USED_MB = 1_500
_ONE_MB = "SELECT pg_logical_emit_message(false, 'filler', repeat('.', 1000000))"

_BODY = json.dumps({"task": "diag.noop", "args": {}, "queue": "data_processing"}).encode()
_WARM_UP = 100
_LOADED_WITHIN_S = 600.0
_HEADERS = ("submissions", "p50 ms", "p99 ms", "x p99 idle", "files loaded meanwhile")


def main(_: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share; it changes nothing here
    """Submit at a steady pace, without and with the load, and print a table."""
    idle, busy, loaded, per_s = uvloop.run(_measured())
    rows = [
        (name, f"{load.p50_ms:.1f}", f"{load.p99_ms:.1f}", f"{load.p99_ms / idle.p99_ms:.1f}", f"{files}")
        for name, load, files in (("idle", idle, 0), (f"{FILES} files in line", busy, loaded))
    ]
    print(f"\n## beside_sync\n\n{table(_HEADERS, rows)}\n\nloaded: {per_s:,.0f} rows/s")


async def _measured() -> tuple[Load, Load, int, float]:
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(new_site())
        await _use(site.database)
        _, admin = await stack.enter_async_context(web_process(site.environ))
        file_ids = await _uploaded(admin)
        await stack.enter_async_context(worker_process(site.environ, SLOTS))
        await _submitting(admin, requests=_WARM_UP)
        progress("beside_sync: idle")
        idle = await _submitting(admin)
        progress(f"beside_sync: {FILES} files")
        began = asyncio.get_running_loop().time()
        for file_id in file_ids:
            (await admin.post("/api/data-sync/single", json={"file_id": file_id})).raise_for_status()
        busy = await _submitting(admin)
        loaded = await _loaded(site.database)
        if loaded == FILES:
            raise RuntimeError("all files were loaded before the last submission: there was no load at the end")
        await eventually(lambda: _all_loaded(site.database), within_s=_LOADED_WITHIN_S)
        return idle, busy, loaded, FILES * ROWS / (asyncio.get_running_loop().time() - began)


async def _use(database: Database) -> None:
    """Let a new PostgreSQL write so much log that it has segments to write over."""
    for statement in (*_USED, *[_ONE_MB] * _USED_MB, "CHECKPOINT"):
        await database.execute(statement)


async def _submitting(admin: httpx.AsyncClient, *, requests: int = REQUESTS) -> Load:
    url = str(admin.base_url)
    return await post(url, "/api/jobs", _BODY, key=ADMIN_KEY, connections=1, requests=requests, every_s=EVERY_S)


async def _uploaded(admin: httpx.AsyncClient) -> list[str]:
    """Upload so many files of which none has a row of another: each is of a shop of its own."""
    progress(f"beside_sync: uploading {FILES} files of {ROWS:,} rows")
    await publish(admin, fields=HEADERS, key_fields=list(KEYS), date_rule={"field": "InvoiceDate"})
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder:
        path = Path(folder) / "orders.csv"
        write_csv(path, ROWS)
        content = path.read_bytes()
    answers = [await upload(admin, content + b"\r\n" * number, shop_id=f"s{number}") for number in range(FILES)]
    return [answer.raise_for_status().json()["id"] for answer in answers]


async def _all_loaded(database: Database) -> bool:
    return await _loaded(database) == FILES


async def _loaded(database: Database) -> int:
    """Count the files that are loaded; each has to be, without a row left out."""
    rows = await database.fetch("SELECT state, count(*) AS files FROM files GROUP BY state")
    files: dict[str, int] = {row["state"]: row["files"] for row in rows}
    if unexpected := files.keys() - {"pending", "processing", "ingested"}:
        raise RuntimeError(f"files became {unexpected}")
    return files.get("ingested", 0)
