"""Redis goes away under a stock arq worker: with our settings it goes on afterwards, where arq's own would end it."""

import asyncio
import os
import signal
from pathlib import Path

from jobs import keys
from jobs.stores.database import Database
from tests.chaos.outages import killed
from tests.support.bed import Wanted, bed_of
from tests.support.conditions import eventually
from tests.support.servers import Servers
from tests.support.stock import stock_worker

_HUNG_S, _AWAY_S = 0.5, 3.0


async def test_a_stock_worker_outlasts_an_outage(
    environ: dict[str, str], database: Database, servers: Servers, tmp_path: Path
) -> None:
    """What it ran meanwhile is told when Redis is back, what waited runs then, and nothing runs twice."""
    environ = {**environ, "JOBS_TASKS": "tests.support.tasks:TASKS"}
    enough = tmp_path / "enough"
    async with bed_of(environ, database) as bed, stock_worker(environ, slots=2) as worker:
        running = await bed.submit([Wanted(task="test.await_file", args={"path": str(enough)}, priority=9)] * 2)
        waiting = await bed.submit([Wanted()] * 4)
        await bed.trail.until_running(running, on=worker.pid, within_s=10)
        os.kill(servers.redis.pid, signal.SIGSTOP)
        await asyncio.sleep(_HUNG_S)  # the worker's next look is on its way by now
        async with killed(servers.redis):
            enough.touch()
            await asyncio.sleep(_AWAY_S)
            assert worker.runs, worker.lines

        async def all_have_ended() -> bool:
            return bool(await bed.redis.exists(*map(keys.result, [*running, *waiting])) == 6)

        await eventually(all_have_ended, within_s=20)
        await bed.trail.catch_up()
        assert sorted(step.job_id for step in bed.trail.claims) == sorted([*running, *waiting])
        assert worker.runs, worker.lines
