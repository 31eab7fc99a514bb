"""A file's rows become facts: the task sync_file beside a bare COPY, a loader written by hand, and pandas."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg

from app.migrate import FOLDER, load_migrations, migrate
from benchmarks.engine.environments import ROOT, python_of
from benchmarks.loaders import FLOOR_TABLE
from benchmarks.measure import Run, environment_of, median, progress, table, tree_cpu_s
from benchmarks.retail import HEADERS, write_csv, write_xlsx
from deploy.local.postgres import PostgresServer
from deploy.local.redis import RedisServer
from jobs.stores.database import Database

ROUNDS = 3
_PANDAS = "pandas"  # its way, its environment, its module's table
_EMPTY = f"TRUNCATE facts, quarantined_rows, files, {FLOOR_TABLE} CASCADE; DROP TABLE IF EXISTS {_PANDAS}"
_HEADERS = (
    *("way", "seconds", "x hand", "rows/s", "CPU s"),
    *("+ reader CPU s", "+ PostgreSQL CPU s", "peak MiB", "reader's peak MiB"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file and the ways to load it. "again" is sync_file right after itself: nothing has changed."""

    rows: int
    suffix: str
    ways: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the file is called."""
        return f"{self.rows}{self.suffix}"


CASES = (
    Case(rows=10_000, suffix=".csv", ways=("copy", "hand", "pandas", "sync_file", "again")),
    Case(rows=100_000, suffix=".csv", ways=("copy", "hand", "pandas", "sync_file", "again")),
    Case(rows=10_000, suffix=".xlsx", ways=("hand", "pandas", "sync_file", "again")),
    Case(rows=100_000, suffix=".xlsx", ways=("hand", "pandas", "sync_file", "again")),
)
FULL = (
    Case(rows=1_000_000, suffix=".csv", ways=("copy", "hand", "pandas", "sync_file", "again")),
    Case(rows=1_000_000, suffix=".xlsx", ways=("pandas", "sync_file", "again")),  # by hand it takes minutes a round
)


def main(full: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share
    """Run all cases in turn, round by round, and print a table of medians for each."""
    cases = (*CASES, *FULL) if full else CASES
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as name:
        folder = Path(name)
        for case in cases:
            progress(f"sync_rows: writing {case.name}")
            write = write_xlsx if case.suffix == ".xlsx" else write_csv
            write(folder / case.name, case.rows)
        with (
            PostgresServer(folder / "postgres", durable=True) as server,
            RedisServer(folder / "redis", durable=False) as redis,  # of the cache, which each sync asks once
        ):
            asyncio.run(_migrate(server.url))
            runs = _rounds(server, redis.url, folder, cases)
    print("\n## sync_rows\n")
    for case in cases:
        print(f"\n{case.rows:,} rows, {case.suffix[1:]}:\n\n{_shown(case, runs[case.name])}")


Runs = dict[str, dict[str, list[Run]]]


def _rounds(server: PostgresServer, redis_url: str, folder: Path, cases: tuple[Case, ...]) -> Runs:
    runs: Runs = defaultdict(lambda: defaultdict(list))
    for number in range(1, ROUNDS + 1):
        for case in cases:
            progress(f"sync_rows: round {number} of {ROUNDS}, {case.name}")
            for way in case.ways:
                if way != "again":
                    asyncio.run(_start_empty(server.url))
                run = _run("sync_file" if way == "again" else way, server, redis_url, folder / case.name)
                progress(f"  {way}: {run.seconds:.2f} s")
                runs[case.name][way].append(run)
    return runs


def _run(way: str, server: PostgresServer, redis_url: str, path: Path) -> Run:
    urls = {"DATABASE_URL": server.url, "REDIS_URL": redis_url, "JOBS_DATA_DIR": str(path.parent / "data")}
    before_s = tree_cpu_s(server.pid)
    command = [sys.executable, "-m", "benchmarks.loaders", way]
    if way == _PANDAS:
        command = [str(python_of(_PANDAS)), "-m", "benchmarks.pandas_peer"]
    done = subprocess.run(
        [*command, str(path)],
        cwd=ROOT,
        env=environment_of(urls),
        stdout=subprocess.PIPE,
        check=True,
    )
    return replace(Run(**json.loads(done.stdout)), database_cpu_s=tree_cpu_s(server.pid) - before_s)


async def _migrate(url: str) -> None:
    database = await Database.open(url, size=1, patience_s=10, answer_s=None)
    await migrate(database, load_migrations(FOLDER))
    columns = ", ".join(f'"{name}" text' for name in HEADERS)
    await database.execute(f"CREATE TABLE {FLOOR_TABLE} ({columns})")
    await database.close()


async def _start_empty(url: str) -> None:
    """Empty the tables, and let nobody pay for what another has written."""
    connection = await asyncpg.connect(url)
    await connection.execute(_EMPTY)
    await connection.execute("CHECKPOINT")
    await connection.close()


def _shown(case: Case, runs: dict[str, list[Run]]) -> str:
    medians = {way: median(runs[way]) for way in case.ways}
    hand = medians.get("hand")
    rows = []
    for way, run in medians.items():
        figures = (
            f"{run.seconds:.2f}",
            f"{hand.seconds / run.seconds:.2f}" if hand else "",
            f"{case.rows / run.seconds:,.0f}",
            f"{run.cpu_s:.2f}",
            f"{run.child_cpu_s:.2f}",
            f"{run.database_cpu_s:.2f}",
            f"{run.peak_mib:.0f}",
            f"{run.child_peak_mib:.0f}",
        )
        rows.append((way, *figures))
    return table(_HEADERS, rows)
