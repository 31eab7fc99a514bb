"""A process that the tests start by a fork is like one that the command line starts."""

import os
import signal
import sys
from collections.abc import Mapping

import pytest

from tests.support import processes
from tests.support.forked import can_fork
from tests.support.processes import started, worker_process

_CHECK = (sys.executable, "-m", "jobs", "check", "--json")

forks = pytest.mark.skipif(sys.platform != "linux", reason="only where the tests start processes by a fork")


async def _run(environ: Mapping[str, str], *options: str) -> tuple[int, list[str]]:
    async with started((*_CHECK, *options), environ) as process:
        return await process.ends(within_s=60), process.lines


@forks
@pytest.mark.parametrize("options", [(), ("--nonsense",), ("--help",)])
async def test_it_says_and_ends_as_one_that_was_started(
    environ: dict[str, str], options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By arguments, variables, output and status; mistakes in settings and in arguments too."""
    wrong = {**environ, "JOBS_TYPO": "1"}
    forked = [await _run(environ, *options), await _run(wrong, *options)]
    monkeypatch.setattr(processes, "can_fork", lambda *_: False)
    assert forked == [await _run(environ, *options), await _run(wrong, *options)]
    assert len({status for status, _ in forked}) > (0 if options else 1)


@forks
async def test_it_is_of_its_own_session_and_its_end_by_a_signal_is_told(environ: dict[str, str]) -> None:
    """So that all of it can be killed together."""
    async with worker_process(environ) as worker:
        assert os.getsid(worker.pid) == worker.pid
        worker.send(signal.SIGKILL)
        assert await worker.ends(within_s=30) == -signal.SIGKILL
        assert worker.status == -signal.SIGKILL
        assert not worker.runs


def test_what_an_interpreter_sees_at_its_start_is_started_by_itself() -> None:
    """So are other programs, and other interpreters."""
    usual = {**os.environ, "PYTHONUNBUFFERED": "1"}
    assert can_fork(_CHECK, {**usual, "JOBS_TYPO": "1"}) == (sys.platform == "linux")
    for name in ("PYTHONPATH", "TZ", "LD_PRELOAD"):
        assert not can_fork(_CHECK, {**usual, name: "another"})
    assert not can_fork((sys.executable, "-m", "app", "migrate"), usual)
    assert not can_fork(("nice", *_CHECK), usual)
