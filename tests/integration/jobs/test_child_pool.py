"""The pool of child processes, when children die that did nothing, that had just begun, or before they could."""

import asyncio
import os
import signal
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from pebble import CONSTS
from pebble.pool.channel import Channel

from jobs.errors import ChildError
from jobs.processes import Processes
from tests.support import blocking
from tests.support.children import children_of, is_gone, pid_in


async def test_a_child_that_dies_idle_is_replaced() -> None:
    """As one does that the machine's memory was too little for: nobody's call fails, then or later."""
    with Processes(1) as pool:
        for _ in range(3):
            child = await pool.run(blocking.burn, {"seconds": 0}, timeout_s=20)
            os.kill(child, signal.SIGKILL)
            await is_gone(child, within_s=20)
        assert await pool.run(blocking.say, {"what": "next"}, timeout_s=20) == "next"


async def test_a_child_that_dies_idle_leaves_the_other_alone(tmp_path: Path) -> None:
    """The call that runs goes on; the next has a child again."""
    mark = tmp_path / "pid"
    with Processes(2) as pool:
        running = asyncio.create_task(pool.run(blocking.burn, {"seconds": 2, "mark": str(mark)}, timeout_s=60))
        child = await pid_in(mark)
        idle = await pool.run(blocking.burn, {"seconds": 0}, timeout_s=60)
        os.kill(idle, signal.SIGKILL)
        assert await pool.run(blocking.say, {"what": "next"}, timeout_s=60) == "next"
        assert await running == child


async def test_who_dies_with_the_first_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the death is seen before the word that the call had been taken is read, as on a busy machine."""
    read = Channel.recv

    def read_late(channel: Channel) -> object:
        time.sleep(5 * CONSTS.sleep_unit)
        return read(channel)

    monkeypatch.setattr(Channel, "recv", read_late)
    with Processes(2) as pool:
        beside = asyncio.create_task(pool.run(blocking.burn, {"seconds": 3}, timeout_s=60))
        for _ in range(2):
            with pytest.raises(ChildError, match="exit code -9"):
                await pool.run(blocking.die, {"number": signal.SIGKILL}, timeout_s=60)
        assert await beside > 0


async def test_children_that_cannot_start_are_told() -> None:
    """After so many, in words; nothing is left of them, and the call does not wait for ever."""
    before = children_of(os.getpid())
    with Processes(1, memory_mb=8) as pool, pytest.raises(ChildError, match="JOBS_CHILD_MEMORY_MB may be too little"):
        await pool.run(blocking.say, {"what": "nothing"}, timeout_s=60)
    assert children_of(os.getpid()) <= before


async def test_a_function_may_break_a_pool_of_its_own() -> None:
    """That is its own error, and ends nobody else's child."""
    with Processes(1) as pool:
        child = await pool.run(blocking.burn, {"seconds": 0}, timeout_s=20)
        with pytest.raises(BrokenProcessPool, match="my own"):
            await pool.run(blocking.break_a_pool, {}, timeout_s=20)
        assert await pool.run(blocking.burn, {"seconds": 0}, timeout_s=20) == child
