"""Child processes that die while they do nothing, as a call begins, amid its answer, or before they could take one."""

import asyncio
import os
import pickle
import signal
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType

import pytest

from jobs.child import StoppedError
from jobs.errors import ChildError, ChildTraceback, JobTimeoutError
from jobs.processes import Processes
from jobs.tracebacks import traceback_of
from tests.support import blocking, deadly
from tests.support.children import children_of, is_gone, is_running, pid_in


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


async def test_any_number_may_die_idle() -> None:
    """However many the next call meets: it is begun by one that lives."""
    with Processes(5) as pool:
        calls = [pool.run(blocking.burn, {"seconds": 0.2}, timeout_s=60) for _ in range(5)]
        children = set(await asyncio.gather(*calls))
        assert len(children) == 5
        for child in children:
            os.kill(child, signal.SIGKILL)
        assert await pool.run(blocking.burn, {"seconds": 0}, timeout_s=60) not in children


async def test_one_may_die_just_after_its_answer() -> None:
    """Wherever it was between that and the next call."""
    with Processes(2) as pool:
        for _ in range(10):
            child = await pool.run(blocking.burn, {"seconds": 0}, timeout_s=60)
            os.kill(child, signal.SIGKILL)
            assert await pool.run(blocking.say, {"what": "next"}, timeout_s=60) == "next"


async def test_one_may_die_amid_its_answer() -> None:
    """That call's error says so; the one beside it, which answers meanwhile, is not concerned."""
    with Processes(2) as pool:
        beside = asyncio.create_task(pool.run(blocking.burn, {"seconds": 1}, timeout_s=60))
        for _ in range(3):
            with pytest.raises(ChildError, match="exit code -9"):
                await pool.run(blocking.die_answering, {"mib": 64}, timeout_s=60)
        assert await beside > 0


async def test_who_dies_and_leaves_an_heir_is_told() -> None:
    """Though the pipe stays open, as the heir has it too."""
    with Processes(1) as pool, pytest.raises(ChildError, match="exit code 5"):
        await pool.run(blocking.leave_an_heir, {}, timeout_s=15)


async def test_a_copy_of_a_child_answers_nobody() -> None:
    """Least of all the next call, which is another job's."""
    with Processes(1) as pool:
        child = await pool.run(blocking.copy_itself, {}, timeout_s=60)
        for what in ("a", "b", "c"):
            assert await pool.run(blocking.say, {"what": what}, timeout_s=60) == what
        assert await pool.run(blocking.burn, {"seconds": 0}, timeout_s=60) == child


async def test_one_that_stands_still_is_killed_in_its_time(tmp_path: Path) -> None:
    """A stopped process hears no SIGTERM."""
    mark = tmp_path / "pid"
    with Processes(1) as pool:
        call = asyncio.create_task(pool.run(blocking.burn, {"seconds": 120, "mark": str(mark)}, timeout_s=5))
        child = await pid_in(mark)
        os.kill(child, signal.SIGSTOP)
        with pytest.raises(JobTimeoutError, match="after 5 s"):
            await call
        await is_gone(child, within_s=20)


async def test_a_cancelled_function_may_tidy_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its `finally` clauses run before the process ends."""
    monkeypatch.setattr("jobs.child._GRACE_S", 20)  # a child gives way to all that runs beside this test
    mark, tidied = tmp_path / "pid", tmp_path / "tidied"
    with Processes(1) as pool:
        call = asyncio.create_task(pool.run(blocking.tidy, {"mark": str(mark), "tidied": str(tidied)}, timeout_s=300))
        child = await pid_in(mark)
        call.cancel()
        await is_gone(child, within_s=20)
    assert tidied.exists()


async def test_an_error_shows_where_it_was_raised() -> None:
    """In the child, which is what whoever owns the job wants to see."""
    with Processes(1) as pool, pytest.raises(BrokenProcessPool) as caught:
        await pool.run(blocking.break_a_pool, {}, timeout_s=60)
    assert isinstance(caught.value.__cause__, ChildTraceback)
    assert "tests/support/blocking.py" in traceback_of(caught.value)
    assert "in break_a_pool" in traceback_of(caught.value)


async def test_closing_ends_all(tmp_path: Path) -> None:
    """Also those that run; nothing can be asked afterwards."""
    mark = tmp_path / "pid"
    with Processes(2) as pool:
        call = asyncio.create_task(pool.run(blocking.burn, {"seconds": 120, "mark": str(mark)}, timeout_s=300))
        running = await pid_in(mark)
        idle = await pool.run(blocking.burn, {"seconds": 0}, timeout_s=60)
    assert not is_running(running)
    assert not is_running(idle)
    with pytest.raises(RuntimeError, match="shutdown"):
        await pool.run(blocking.say, {"what": "too late"}, timeout_s=60)
    with pytest.raises(StoppedError):
        await call


async def test_who_dies_with_the_first_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the death is seen before the word that the call had been taken is read, as on a busy machine."""
    read = Connection.recv_bytes

    def read_late(pipe: Connection) -> bytes:
        time.sleep(0.5)
        return read(pipe)

    monkeypatch.setattr(Connection, "recv_bytes", read_late)
    with Processes(2) as pool:
        beside = asyncio.create_task(pool.run(blocking.burn, {"seconds": 3}, timeout_s=60))
        for _ in range(2):
            with pytest.raises(ChildError, match="exit code -9"):
                await pool.run(blocking.die, {"number": signal.SIGKILL}, timeout_s=60)
        assert await beside > 0


async def test_children_that_cannot_start_are_told() -> None:
    """After so many, in words; nothing is left of them, and the call does not wait for ever."""
    resource_tracker.ensure_running()  # the standard library's; the first child brings it, and it stays
    before = children_of(os.getpid())
    with (
        Processes(1) as pool,
        pytest.raises(ChildError, match="the last with exit code 4; JOBS_CHILD_MEMORY_MB may be"),
    ):
        await pool.run(deadly.say_nothing, {}, timeout_s=60)
    assert children_of(os.getpid()) <= before


async def test_too_little_memory_to_begin_is_told() -> None:
    """By the name of the setting."""
    with Processes(1, memory_mb=8) as pool, pytest.raises(ChildError, match="JOBS_CHILD_MEMORY_MB"):
        await pool.run(blocking.say, {"what": "nothing"}, timeout_s=60)


async def test_a_module_that_the_child_cannot_import_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an error of the call; the child takes the next."""
    module = ModuleType("only_here")
    exec("def nothing(): pass", module.__dict__)  # noqa: S102  a function of a module that has no file
    monkeypatch.setitem(sys.modules, "only_here", module)
    with Processes(1) as pool:
        child = await pool.run(blocking.burn, {"seconds": 0}, timeout_s=60)
        with pytest.raises(ChildError, match=r"cannot import what it is to call: ModuleNotFoundError: .*'only_here'$"):
            await pool.run(module.nothing, {}, timeout_s=60)
        assert await pool.run(blocking.burn, {"seconds": 0}, timeout_s=60) == child


async def test_what_cannot_be_sent_is_told() -> None:
    """A function without a name of its own, say; no child is asked."""
    with Processes(1) as pool, pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        await pool.run(lambda: None, {}, timeout_s=60)


async def test_a_function_may_break_a_pool_of_its_own() -> None:
    """That is its own error, and ends nobody else's child."""
    with Processes(1) as pool:
        child = await pool.run(blocking.burn, {"seconds": 0}, timeout_s=20)
        with pytest.raises(BrokenProcessPool, match="my own"):
            await pool.run(blocking.break_a_pool, {}, timeout_s=20)
        assert await pool.run(blocking.burn, {"seconds": 0}, timeout_s=20) == child
