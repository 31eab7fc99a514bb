"""One load in a process of its own, so that its memory is its own: `python -m benchmarks.loaders WAY FILE`.

It prints a Run as JSON. The database, in DATABASE_URL, must be migrated; making it empty is the caller's business.
"""

import asyncio
import csv
import hashlib
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import openpyxl
import uvloop

from benchmarks.measure import Run, child_cpu_s, children, own_peak_mib, peak_mib
from benchmarks.retail import HEADERS, KEYS
from jobs.context import JobContext, Site
from jobs.model import Job, State
from jobs.settings import load_settings
from jobs.stores.database import Connection, Database
from jobs.stores.jobs import JobStore, NewJob
from jobs.tasks.data_sync.catalogue import Catalogue, Description
from jobs.tasks.data_sync.model import DateRule, Domain, Granularity, Layout, Repeats, Source
from jobs.tasks.data_sync.task import SYNC_FILE, sync_file
from jobs.tasks.data_sync.templates import TemplateStore
from jobs.tasks.data_sync.uploads import Uploads

FLOOR_TABLE = "floor"

_SOURCE = Source(platform="retail", domain=Domain.ORDERS, sub_domain="", granularity=Granularity.DAILY)
_LAYOUT = Layout(
    header_row=1, fields=HEADERS, key_fields=KEYS, required_fields=(), date_rule=DateRule(field="InvoiceDate")
)
_OWNER = "benchmark"
_WATCHED_EVERY_S = 0.02
_BATCH = 1_000
_INSERT = """
INSERT INTO facts (
    platform, shop_id, domain, sub_domain, granularity, business_date, row_hash,
    data, file_id, template_id, first_seen_at, last_seen_at
)
VALUES ('retail', 'shop', 'orders', '', 'daily', $1, $2, $3, $4, $4, now(), now())
ON CONFLICT (platform, shop_id, domain, sub_domain, granularity, business_date, row_hash)
DO UPDATE SET data = excluded.data, file_id = excluded.file_id, last_seen_at = excluded.last_seen_at
"""


async def by_sync_file(path: Path) -> Run:
    """Load by the task itself: catalogue, template, reading process, staging, upsert, settled state."""
    settings = load_settings(os.environ)
    database = await Database.open(settings.database_url.get_secret_value(), size=5, patience_s=10, answer_s=None)
    try:
        site = Site(settings=settings, database=database)
        file_id, job = await _prepared(site, path)
        context = JobContext(job=job, site=site, report=lambda _: None)
        return await _measured(lambda: sync_file(context, file_id))
    finally:
        await database.close()


async def by_copy(path: Path) -> Run:
    """Let PostgreSQL read the csv into eight text columns without an index: no check, no key, no counting."""
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    try:
        return await _measured(lambda: connection.copy_to_table(FLOOR_TABLE, source=path, format="csv", header=True))
    finally:
        await connection.close()


async def by_hand(path: Path) -> Run:
    """Load as people write it: a row a dict, INSERT .. ON CONFLICT by executemany, all in one transaction."""
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    file_id = uuid4()

    async def load() -> None:
        rows = _xlsx_rows(path) if path.suffix == ".xlsx" else _csv_rows(path)
        batch: list[tuple[date, bytes, str, UUID]] = []
        async with connection.transaction():
            for row in rows:
                key = hashlib.sha256("|".join(str(row[name]) for name in KEYS).encode()).digest()
                day = date.fromisoformat(str(row["InvoiceDate"])[:10])
                batch.append((day, key, json.dumps(row, default=str), file_id))
                if len(batch) == _BATCH:
                    await connection.executemany(_INSERT, batch)
                    batch.clear()
            await connection.executemany(_INSERT, batch)

    try:
        return await _measured(load)
    finally:
        await connection.close()


WAYS: Mapping[str, Callable[[Path], Awaitable[Run]]] = {"sync_file": by_sync_file, "copy": by_copy, "hand": by_hand}


async def _prepared(site: Site, path: Path) -> tuple[UUID, Job]:
    """Do what the API does before a sync: keep the bytes, enter the file, publish a template, accept the job."""
    with path.open("rb") as content:
        kept = Uploads(site.settings.data_dir).keep(content)
    catalogue, jobs, templates = Catalogue(site.database), JobStore(site.database), TemplateStore(site.database)
    described = Description(name=path.name, source=_SOURCE, shop_id="shop", date_from=None, date_to=None, owner=_OWNER)
    file_id, _ = await catalogue.add(described, kept)
    if await templates.match(_SOURCE) is None:
        await templates.publish((await templates.create(_SOURCE, _LAYOUT, Repeats.NUMBER, {})).id)
    async with site.database.transaction() as connection:
        job_id = await _accept(jobs, file_id, connection)
        await catalogue.hold(file_id, job_id, connection=connection)
    job = await jobs.get(job_id)
    if job is None:
        raise AssertionError("a job that was just accepted is not there")
    return file_id, replace(job, state=State.RUNNING, fence=time.time_ns() // 1000, tries=1)


async def _accept(jobs: JobStore, file_id: UUID, connection: Connection) -> str:
    new = NewJob(
        id=uuid4().hex,
        task=SYNC_FILE.name,
        queue=SYNC_FILE.queue,
        owner=_OWNER,
        priority=5,
        args={"file_id": str(file_id)},
        tags=(),
        max_tries=1,
        timeout_s=SYNC_FILE.timeout_s,
        run_at=None,
        delay_s=None,
    )
    await jobs.insert([new], connection=connection)
    return new.id


async def _measured(load: Callable[[], Awaitable[object]]) -> Run:
    peak = [0.0]
    watching = asyncio.create_task(_watch(peak))
    await asyncio.sleep(0)
    child_before, cpu_before, began = child_cpu_s(), time.process_time(), time.perf_counter()
    await load()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_before
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return Run(
        seconds=seconds,
        cpu_s=cpu,
        child_cpu_s=child_cpu_s() - child_before,
        peak_mib=own_peak_mib(),
        child_peak_mib=peak[0],
    )


async def _watch(peak: list[float]) -> None:
    """Keep the highest peak of any child; a peak only rises, so what the last look misses is little."""
    while True:
        peak[0] = max([peak[0], *map(peak_mib, children())])
        await asyncio.sleep(_WATCHED_EVERY_S)


def _csv_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _xlsx_rows(path: Path) -> Iterator[dict[str, Any]]:
    rows = openpyxl.load_workbook(path, read_only=True).worksheets[0].iter_rows(values_only=True)
    headers = [str(cell) for cell in next(rows)]
    for row in rows:
        yield dict(zip(headers, row, strict=True))


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(WAYS[sys.argv[1]](Path(sys.argv[2]))))))  # type: ignore[arg-type]
