"""What is told to a service manager, and to which: by systemd's rules of sd_notify and sd_watchdog_enabled."""

import os
from pathlib import Path
from uuid import uuid4

import pytest

from jobs.service_manager import ServiceManager
from tests.support.manager import manager_at

SOCKET = {"NOTIFY_SOCKET": "/run/there"}


@pytest.mark.parametrize("is_abstract", [False, True])
async def test_words_come_to_its_socket(tmp_path: Path, *, is_abstract: bool) -> None:
    """At a path, or at an abstract address."""
    async with manager_at(f"@{uuid4().hex}" if is_abstract else tmp_path / "notify") as manager:
        told = ServiceManager.of(manager.environ(watchdog_s=1))
        for word in ("READY=1", "WATCHDOG=1", "STOPPING=1"):
            told.tell(word)
            await manager.hears(word)
    told.tell("READY=1")  # nobody is there any more: no reason to break


@pytest.mark.parametrize(
    ("environ", "watchdog_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "1000000"}, None),
        (SOCKET, None),
        ({**SOCKET, "WATCHDOG_USEC": "30000000"}, 30.0),
        ({**SOCKET, "WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({**SOCKET, "WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getppid())}, None),
        *(({**SOCKET, "WATCHDOG_USEC": usec}, None) for usec in ("", "0", "-1", "1.5", "soon")),
        *(({"NOTIFY_SOCKET": where, "WATCHDOG_USEC": "1"}, None) for where in ("", "relative", "vsock:2:1234")),
    ],
)
def test_its_watchdog_is_fed_where_it_waits_for_this_process(environ: dict[str, str], watchdog_s: float | None) -> None:
    """One that waits for another process is that one's to feed; without a socket there is none."""
    manager = ServiceManager.of(environ)
    assert manager.watchdog_s == watchdog_s
    if not environ.get("NOTIFY_SOCKET", "").startswith("/"):
        manager.tell("READY=1")  # to nobody


async def test_a_manager_that_takes_nothing_keeps_nobody_waiting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so: soon it will take the process for dead."""
    async with manager_at(tmp_path / "notify") as manager:
        told = ServiceManager.of(manager.environ(watchdog_s=1))
        while "service_manager_not_told" not in caplog.text:  # it reads when this loop comes round, not before
            told.tell("WATCHDOG=1")
