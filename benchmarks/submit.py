"""Jobs are accepted over HTTP: stored in PostgreSQL and Redis before the answer, beside an app that only enqueues.

A third app stores them in both as well and does nothing else: what is possible on this machine.
"""

import asyncio
import json
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from app.migrate import FOLDER, load_migrations, migrate
from benchmarks.http_load import Load, post
from benchmarks.measure import environment_of, progress, table, tree_cpu_s
from deploy.local.postgres import PostgresServer
from deploy.local.redis import RedisServer
from jobs.stores.database import Database
from tests.support.site import UNLIMITED

ROUNDS = 3
ROOT = Path(__file__).resolve().parents[1]

_PATH = "/api/jobs"
_BODY = json.dumps({"task": "diag.noop", "args": {}}).encode()
_HEAVY_QUEUE = "data_processing"
_HEAVY = json.dumps({"task": "diag.cpu", "args": {"seconds": 2.0}, "queue": _HEAVY_QUEUE}).encode()
_HEAVY_JOBS = 100
_WARM_UP = 200
_REQUESTS = {1: 800, 50: 3_000}  # by connections
_HEADERS = ("app", "connections", "requests/s", "ratio", "p50 ms", "p99 ms", "web CPU ms/request")
_LISTENS = re.compile(r"running on (http://127\.0\.0\.1:\d+)")
_START_S = 30.0
SITE = (  # as the Procfile has it
    *("app.main:create_app", "--factory", "--no-proxy-headers"),
    *("--http", "app.lingering:LingeringProtocol", "--timeout-keep-alive", "100"),
)
UVICORN = (sys.executable, "-m", "uvicorn", "--no-access-log", "--host", "127.0.0.1", "--port", "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """A web process that listens."""

    url: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round gave."""

    load: Load
    cpu_ms: float


def main(_: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share; it changes nothing here
    """Send the same load to both in turn, and print a table of medians."""
    key = secrets.token_hex(32)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="switchyard-bench-")))
        postgres = stack.enter_context(PostgresServer(folder / "postgres", durable=True))
        redis = stack.enter_context(RedisServer(folder / "redis", durable=True))
        peers_redis = stack.enter_context(RedisServer(folder / "peers-redis", durable=True))
        durable_redis = stack.enter_context(RedisServer(folder / "durable-redis", durable=True))
        asyncio.run(_migrate(postgres.url))
        site = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis.url,
            "JOBS_DATA_DIR": str(folder / "data"),
            "JOBS_DIAGNOSTICS": "1",
            "APP_ADMIN_API_KEY": key,
            **UNLIMITED,
        }
        peer = {"PEER_REDIS_SOCKET": urlsplit(peers_redis.url).path}
        durable = {"PEER_REDIS_SOCKET": urlsplit(durable_redis.url).path, "PEER_DATABASE_URL": postgres.url}
        webs = {
            "Starlette + stock arq": stack.enter_context(_web(("benchmarks.peer:app",), peer, folder / "peer.log")),
            "both stores, bare": stack.enter_context(
                _web(("benchmarks.durable_peer:app",), durable, folder / "durable.log")
            ),
            "Switchyard": stack.enter_context(_web(SITE, site, folder / "site.log")),
        }
        rounds = uvloop.run(_rounds(webs, key))
        stack.enter_context(_worker(site, folder / "worker.log"))
        rounds |= uvloop.run(_beside_work(webs["Switchyard"], key))
        print(f"\n## submit\n\n{_shown(rounds)}")


Rounds = dict[tuple[str, int], list[Round]]


async def _rounds(webs: Mapping[str, Web], key: str) -> Rounds:
    rounds: Rounds = defaultdict(list)
    for web in webs.values():
        await post(web.url, _PATH, _BODY, key=key, connections=10, requests=_WARM_UP)
    for number in range(1, ROUNDS + 1):
        progress(f"submit: round {number} of {ROUNDS}")
        for connections, requests in _REQUESTS.items():
            for name, web in webs.items():
                before_s = tree_cpu_s(web.pid)
                load = await post(web.url, _PATH, _BODY, key=key, connections=connections, requests=requests)
                cpu_ms = 1000 * (tree_cpu_s(web.pid) - before_s) / requests
                rounds[name, connections].append(Round(load=load, cpu_ms=cpu_ms))
    return rounds


async def _beside_work(web: Web, key: str) -> Rounds:
    """Send the same load while a worker's children are busy with work for the processor."""
    await post(web.url, _PATH, _HEAVY, key=key, connections=10, requests=_HEAVY_JOBS)
    return await _rounds({"Switchyard, worker busy": web}, key)


@contextmanager
def _worker(variables: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run a worker; it takes nothing but the queue of heavy jobs."""
    command = (sys.executable, "-m", "jobs", "worker", "--queues", f"{_HEAVY_QUEUE}:2")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment_of(variables), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def _web(app: tuple[str, ...], variables: Mapping[str, str], log: Path) -> Iterator[Web]:
    """Run one uvicorn process; its log goes to a file."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*UVICORN, *app], cwd=ROOT, env=environment_of(variables), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield Web(url=_address(process, log), pid=process.pid)
    finally:
        process.terminate()
        process.wait()


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """Read where it listens from its log, as soon as it says so."""
    until = time.monotonic() + _START_S
    while (found := _LISTENS.search(log.read_text())) is None:
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"the web process did not start:\n{log.read_text()}")
        time.sleep(0.05)
    return found[1]


async def _migrate(url: str) -> None:
    database = await Database.open(url, size=1, patience_s=10, answer_s=None)
    await migrate(database, load_migrations(FOLDER))
    await database.close()


def _shown(rounds: Rounds) -> str:
    def middle(name: str, connections: int) -> tuple[float, float, float, float]:
        runs = rounds[name, connections]
        figures = [(run.load.per_s, run.load.p50_ms, run.load.p99_ms, run.cpu_ms) for run in runs]
        per_s, p50, p99, cpu = (statistics.median(column) for column in zip(*figures, strict=True))
        return per_s, p50, p99, cpu

    names = list(dict.fromkeys(name for name, _ in rounds))
    rows = []
    for connections in _REQUESTS:
        peer_per_s = middle(names[0], connections)[0]
        for name in names:
            per_s, p50, p99, cpu = middle(name, connections)
            figures = (f"{per_s:,.0f}", f"{per_s / peer_per_s:.2f}", f"{p50:.2f}", f"{p99:.2f}", f"{cpu:.2f}")
            rows.append((name, str(connections), *figures))
    return table(_HEADERS, rows)
