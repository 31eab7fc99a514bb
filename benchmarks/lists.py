"""What lists cost beside a long history, on page 1 and on page 10,000, and what their indexes cost each job."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path

import uvloop

from app.migrate import FOLDER, load_migrations, migrate
from benchmarks.measure import progress, table
from deploy.local.postgres import PostgresServer
from jobs import codec
from jobs.ids import new_job_id
from jobs.lifecycle import UNFINISHED
from jobs.model import State
from jobs.stores.database import Database
from jobs.stores.failures import FailureStore
from jobs.stores.jobs import JobStore, NewJob
from jobs.stores.listing import JobFilter, Listing, Place
from tests.support.past import COMMON, RARE, make_past
from tests.support.plans import ExplainedDatabase, Plans

_JOBS = 1_000_000
_JOBS_FULL = 10_000_000
_LIMIT = 50
_DEEP = 500_000  # where page 10,001 begins
_AGAIN = 40
_LIVES = 20_000
_AT_ONCE = 100
_TAGGED = ("order 4711",)

_LISTS = {
    "all": JobFilter(),
    "unfinished": JobFilter(states=sorted(UNFINISHED)),
    "scheduled": JobFilter(states=[State.SCHEDULED]),
    "failed": JobFilter(states=[State.FAILED]),
    "an owner's": JobFilter(owner="owner 7"),
    "an owner's that failed": JobFilter(owner="owner 11", states=[State.FAILED]),
    "a task's": JobFilter(task="task 5"),
    "a rare task's": JobFilter(task=RARE),
    "a rare task's that wait": JobFilter(task=RARE, states=[State.QUEUED]),
    "a queue's": JobFilter(queue="queue 1"),
    "a rare queue's": JobFilter(queue=RARE),
    "a tag's": JobFilter(tag=COMMON),
    "a rare tag's": JobFilter(tag=RARE),
    "an owner's of a task": JobFilter(owner="owner 7", task="task 7"),
    "an owner's of a rare task": JobFilter(owner="owner 7", task=RARE),
    "a queue's that failed": JobFilter(queue="queue 1", states=[State.FAILED]),
    "a rare task's that failed": JobFilter(task=RARE, states=[State.FAILED]),
    "an owner's of a tag": JobFilter(owner="owner 10", tag=COMMON),
    "a tag's that failed": JobFilter(tag=COMMON, states=[State.FAILED]),
}
_WITHOUT = """
DROP INDEX jobs_of_state, jobs_of_owner, jobs_of_task, jobs_unfinished_of_task, jobs_failed;
DROP TRIGGER jobs_add_tags ON jobs;
"""
_HEADERS = ("list", "page 1 p50 ms", "p99 ms", "buffers", "page 10,001 p50 ms", "p99 ms", "buffers")
_LIFE_HEADERS = ("a job's life", "kB of WAL", "without the lists' indexes", "more")
# How often the history wrote a job's row after its acceptance.
_LIVES_OF = {
    "one change": (("queued", "running", "succeeded"),),
    "three changes": (("queued",), ("running",), ("succeeded",)),
    "three changes, one tag": (("queued",), ("running",), ("succeeded",)),
    "one change, failed": (("queued", "running", "failed"),),
}


def main(full: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share
    """Make the history, read it, and print both tables."""
    amount = _JOBS_FULL if full else _JOBS
    with (
        tempfile.TemporaryDirectory(prefix="switchyard-bench-") as name,
        PostgresServer(Path(name) / "lives", durable=True) as lives,
        PostgresServer(Path(name) / "lists", durable=True) as lists,
    ):
        print(f"\n## lists\n\n{uvloop.run(_lists(lists.url, amount))}\n\n{uvloop.run(_lives(lives.url))}")


async def _lists(url: str, amount: int) -> str:
    database = await Database.open(url, size=1, patience_s=10, answer_s=None)
    await migrate(database, load_migrations(FOLDER))
    progress(f"lists: making {amount:,} jobs")
    await make_past(database, amount)
    explained = await ExplainedDatabase.open(url, size=1, patience_s=10, answer_s=None)
    explained.plans = Plans()
    row = await database.fetch_row("SELECT accepted_at, id FROM jobs ORDER BY id OFFSET $1 LIMIT 1", amount - _DEEP)
    if row is None:
        raise AssertionError("there are fewer jobs than were made")
    deep = Place(row["accepted_at"], row["id"])
    rows = []
    for name, wanted in _LISTS.items():
        progress(f"lists: {name}")
        pages = [partial(_page, wanted=wanted, after=after) for after in (None, deep)]
        rows.append((name, *[figure for page in pages for figure in await _figures(database, explained, page)]))
    rows.append(("causes of failures", *await _figures(database, explained, _causes), "", "", ""))
    await explained.close()
    await database.close()
    return table(_HEADERS, rows)


async def _page(database: Database, *, wanted: JobFilter, after: Place | None) -> None:
    await Listing(database).page(wanted, after=after, limit=_LIMIT)


async def _causes(database: Database) -> None:
    await FailureStore(database).causes(owner=None, since=None, after=None, limit=_LIMIT)


async def _figures(
    database: Database, explained: ExplainedDatabase, ask: Callable[[Database], Awaitable[None]]
) -> list[str]:
    """Ask many times; give the median, the 99th percentile, and the buffers that it takes."""
    times_ms = []
    for _ in range(_AGAIN):
        began = time.perf_counter()
        await ask(database)
        times_ms.append((time.perf_counter() - began) * 1000)
    explained.plans = Plans()
    await ask(explained)
    p99 = statistics.quantiles(times_ms, n=100)[98]
    return [f"{statistics.median(times_ms):.2f}", f"{p99:.2f}", f"{explained.plans.buffers:,}"]


async def _lives(url: str) -> str:
    """Let jobs live with and without the indexes of the lists; give what each wrote into PostgreSQL's log."""
    database = await Database.open(url, size=1, patience_s=10, answer_s=None)
    # Whole pages are written by the time since a checkpoint, not by the job.
    await database.execute("ALTER SYSTEM SET full_page_writes = off")
    await database.execute("SELECT pg_reload_conf()")
    await migrate(database, load_migrations(FOLDER))
    await make_past(database, 100_000)
    with_lists = {name: await _wal_kb(database, name) for name in _LIVES_OF}
    await database.execute(_WITHOUT)
    without = {name: await _wal_kb(database, name) for name in _LIVES_OF}
    await database.close()
    rows = [(name, f"{kb:.2f}", f"{without[name]:.2f}", f"{kb - without[name]:.2f}") for name, kb in with_lists.items()]
    return table(_LIFE_HEADERS, rows)


async def _wal_kb(database: Database, name: str) -> float:
    progress(f"lists: lives of {name}")
    store = JobStore(database)
    begun = await _written(database)
    for _ in range(_LIVES // _AT_ONCE):
        ids = [new_job_id() for _ in range(_AT_ONCE)]
        tags = _TAGGED if "tag" in name else ()
        async with database.connect() as connection:
            await store.insert([_new(job_id, number, tags) for number, job_id in enumerate(ids)], connection=connection)
        for version, states in enumerate(_LIVES_OF[name]):
            await store.apply(codec.dumps(list(_events(ids, version, states))))
    await asyncio.sleep(0.5)  # the last of it is written a moment later
    return (await _written(database) - begun) / _LIVES / 1000


async def _written(database: Database) -> int:
    row = await database.fetch_row("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS bytes")
    return 0 if row is None else int(row["bytes"])


def _new(job_id: str, number: int, tags: tuple[str, ...]) -> NewJob:
    return NewJob(
        id=job_id,
        task=f"task {number % 8}",
        queue=f"queue {number % 3}",
        owner=f"owner {number % 60}",
        priority=5,
        args={"number": number},
        tags=tags,
        max_tries=5,
        timeout_s=300,
        run_at=None,
        delay_s=None,
    )


def _events(ids: Iterable[str], version: int, states: Iterable[str]) -> Iterable[dict[str, str]]:
    failure = codec.dumps_text({"type": "ValueError", "message": "no", "fingerprint": "0123456789abcdef"})
    for job_id in ids:
        for place, state in enumerate(states):
            told = {"id": job_id, "run": "1", "v": str(version * 3 + place + 1), "state": state, "try": "1"}
            told["at"] = str(round(time.time() * 1000))
            yield told | ({"error": failure} if state == "failed" else {})
