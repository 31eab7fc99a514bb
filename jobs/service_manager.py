"""Tells whoever has started this process how it does: systemd, or another that speaks its protocol (sd_notify).

Without one, as NOTIFY_SOCKET is not set, nothing is told.
"""

import os
import socket
from collections.abc import Mapping
from typing import Self

import structlog

log = structlog.stdlib.get_logger(__name__)


class ServiceManager:
    """The socket on which it listens; `watchdog_s` is within how many seconds it wants to hear, None: it does not."""

    def __init__(self, address: str | None, *, watchdog_s: float | None) -> None:
        self._address = address
        self.watchdog_s = watchdog_s

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Read what it has told. A watchdog that waits for another process, WATCHDOG_PID, is not fed by this one."""
        where = environ.get("NOTIFY_SOCKET", "")
        address = f"\0{where[1:]}" if where.startswith("@") else where if where.startswith("/") else None
        usec, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(os.getpid()))
        is_wanted = address is not None and usec.isdecimal() and int(usec) > 0 and pid == str(os.getpid())
        return cls(address, watchdog_s=int(usec) / 1e6 if is_wanted else None)

    def tell(self, word: str) -> None:
        """Say READY=1, STOPPING=1 or WATCHDOG=1. It never waits: what is not taken is said in the log."""
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
                door.sendto(word.encode(), socket.MSG_DONTWAIT, self._address)
        except OSError as error:
            log.warning("service_manager_not_told", word=word, reason=str(error))
