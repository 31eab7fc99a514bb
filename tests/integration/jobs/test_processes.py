"""Child processes: what they give back, what ends them, and that one's end is nobody else's."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.errors import ChildError, JobTimeoutError
from jobs.processes import Processes
from tests.support import blocking
from tests.support.children import is_gone, pid_in
from tests.support.conditions import PATIENCE_S
from tests.support.pulse import beating

_PARENT = """
import asyncio, sys
from jobs.processes import Processes
from tests.support.blocking import burn

async def main():
    with Processes(1) as pool:
        await pool.run(burn, {"seconds": 120, "mark": sys.argv[1]}, timeout_s=300)

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[Processes]:
    """Give two children."""
    with Processes(2) as pool:
        yield pool


async def test_a_result_comes_back_as_json(pool: Processes) -> None:
    """As everywhere else."""
    assert await pool.run(blocking.say, {"what": "你好"}, timeout_s=20) == "你好"
    with pytest.raises(TypeError, match="not JSON serializable"):
        await pool.run(blocking.give_function, {}, timeout_s=20)


@pytest.mark.parametrize(
    ("function", "arguments", "told"),
    [
        (blocking.fuss, {}, "FussyError: told"),
        (blocking.leave, {"status": 3}, "exit code 3"),
        (blocking.die, {"number": signal.SIGKILL}, "exit code -9"),
        (blocking.die, {"number": signal.SIGSEGV}, "exit code -11"),
    ],
    ids=["an error that cannot travel", "exit", "SIGKILL", "SIGSEGV"],
)
async def test_who_dies_dies_alone(
    pool: Processes, function: Callable[..., Any], arguments: dict[str, Any], told: str
) -> None:
    """Its own call says so; the one beside it, and the next, are not concerned."""
    beside = asyncio.create_task(pool.run(blocking.burn, {"seconds": 0.5}, timeout_s=20))
    with pytest.raises(ChildError, match=told):
        await pool.run(function, arguments, timeout_s=20)
    assert await beside > 0
    assert await pool.run(blocking.say, {"what": "next"}, timeout_s=20) == "next"


@pytest.mark.parametrize("function", [blocking.burn, blocking.defy])
async def test_a_cancelled_child_is_dead_within_a_second(
    pool: Processes, tmp_path: Path, function: Callable[..., Any]
) -> None:
    """Also one that ignores SIGTERM."""
    mark = tmp_path / "pid"
    call = asyncio.create_task(pool.run(function, {"seconds": 120, "mark": str(mark)}, timeout_s=300))
    pid = await pid_in(mark)
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)  # it gives way
    async with beating() as pulse:
        call.cancel()
        began = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await call
        await is_gone(pid, within_s=PATIENCE_S)
        took_s = time.monotonic() - began
    assert took_s - pulse.latest_s < (1 if sys.platform == "linux" else 3)


async def test_the_time_limit_kills(pool: Processes, tmp_path: Path) -> None:
    """The function is stopped wherever it is."""
    mark = tmp_path / "pid"
    with pytest.raises(JobTimeoutError, match="after 5 s"):
        await pool.run(blocking.burn, {"seconds": 120, "mark": str(mark)}, timeout_s=5)
    await is_gone(await pid_in(mark), within_s=2)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS knows the limit and ignores it")
async def test_memory_is_limited_where_the_platform_can() -> None:
    """Too much is an error of that call; the child and the next call are well."""
    with Processes(1, memory_mb=512) as pool:
        assert await pool.run(blocking.hoard, {"mib": 64}, timeout_s=20) == 64 << 20
        with pytest.raises(ChildError, match="JOBS_CHILD_MEMORY_MB"):
            await pool.run(blocking.hoard, {"mib": 1024}, timeout_s=20)
        assert await pool.run(blocking.hoard, {"mib": 64}, timeout_s=20) == 64 << 20


async def test_no_child_outlives_a_killed_parent(tmp_path: Path) -> None:
    """Nobody would hear what comes of its work."""
    script, mark = tmp_path / "parent.py", tmp_path / "pid"
    script.write_text(_PARENT, encoding="utf-8")
    root = Path(__file__).parents[3]
    parent = subprocess.Popen([sys.executable, script, mark], cwd=root, env={"PYTHONPATH": str(root)})  # noqa: ASYNC220  it is killed below
    try:
        pid = await pid_in(mark)
    finally:
        parent.kill()
        parent.wait()
    await is_gone(pid, within_s=5)
