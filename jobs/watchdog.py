"""Feeds the service manager's watchdog from the event loop, for as long as all that is watched makes progress.

A process whose loop hangs feeds it no more by itself. An outage is no reason to stop: killing a process mends no store.
"""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from jobs.service_manager import ServiceManager

Stuck = Callable[[float], Iterable[str]]

log = structlog.stdlib.get_logger(__name__)


class Watchdog:
    """What a process tells its service manager: that it is ready, that it stops, and meanwhile that it is not stuck."""

    def __init__(self, manager: ServiceManager) -> None:
        self._manager = manager
        self._watched: list[Stuck] = []
        self._is_ready = False

    def watch(self, stuck: Stuck) -> None:
        """Watch a part: `stuck` names what of it has not come round for so many seconds, though it could have."""
        self._watched.append(stuck)

    def ready(self) -> None:
        """Say that the process does its work, or would if its stores were there; once."""
        if not self._is_ready:
            self._is_ready = True
            self._manager.tell("READY=1")

    def stopping(self) -> None:
        """Say that the process has begun to stop."""
        self._manager.tell("STOPPING=1")

    async def run(self) -> None:
        """Feed it twice in its time, until cancelled."""
        within_s = self._manager.watchdog_s
        if within_s is None:
            await asyncio.get_running_loop().create_future()  # nobody waits for it
            return
        while True:
            if stuck := [name for names in self._watched for name in names(within_s)]:
                log.error("process_stuck", stuck=stuck)
            else:
                self._manager.tell("WATCHDOG=1")
            await asyncio.sleep(within_s / 2)
