"""The command of the drop-in worker, as a process."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.support.arq_site import client_of, settings_of

MODULE = """
from arq.connections import RedisSettings

async def add(ctx, left, right=1):
    return left + right

class WorkerSettings:
    functions = [add]
    redis_settings = RedisSettings(unix_socket_path={path!r})

class Misspelt(WorkerSettings):
    functions = [add]
    max_job = 3
"""


async def drop_in(folder: Path, url: str, *arguments: str) -> tuple[int, str]:
    """Run the command in a folder that has the settings; give its status and what it says of a mistake."""
    (folder / "shop.py").write_text(MODULE.format(path=settings_of(url).unix_socket_path))
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "jobs.drop_in", *arguments), cwd=folder, env=environ, stdout=pipe, stderr=pipe
    )
    _, told = await process.communicate()
    return process.returncode or 0, told.decode()


async def test_a_burst_runs_what_there_is(redis_url: str, tmp_path: Path) -> None:
    """The settings are found in the folder that it is started in, without any setting of a site's."""
    async with client_of(redis_url) as client:
        job = await client.enqueue_job("add", 1)
        assert job is not None
        status, told = await drop_in(tmp_path, redis_url, "shop.WorkerSettings", "--burst")
        assert status == 0, told
        assert await job.result(timeout=1) == 2


async def test_a_check_finds_no_worker(redis_url: str, tmp_path: Path) -> None:
    """Where none lives."""
    status, _ = await drop_in(tmp_path, redis_url, "shop.WorkerSettings", "--check")
    assert status == 1


@pytest.mark.parametrize(
    ("settings", "word"),
    [("shop.Misspelt", "max_job"), ("shop.Nobody", "Nobody"), ("nowhere.WorkerSettings", "nowhere")],
)
async def test_wrong_settings_are_said_in_one_line(redis_url: str, tmp_path: Path, settings: str, word: str) -> None:
    """With the name that is wrong; the status is 2."""
    status, told = await drop_in(tmp_path, redis_url, settings)
    assert (status, told.count("\n"), word in told) == (2, 1, True), told
