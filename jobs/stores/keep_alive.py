"""Has the kernel find out that the other end of a TCP connection has vanished. It knows no driver and no protocol."""

import asyncio
import socket
from collections.abc import Mapping

# A silent peer is asked after half a minute, six times: so it is given up after a minute and a half.
_IDLE_S, _EVERY_S, _TIMES = 30, 10, 6
# What is on its way to it is not asked after but sent again, for a quarter of an hour, unless this says for how long. A
# server that is there may take that long to read on: with more to load it is not told from one that is gone.
_UNTAKEN_MS = 120_000

OPTIONS: Mapping[str, int] = {
    "TCP_KEEPIDLE": _IDLE_S,
    "TCP_KEEPALIVE": _IDLE_S,  # macOS' name for it
    "TCP_KEEPINTVL": _EVERY_S,
    "TCP_KEEPCNT": _TIMES,
    "TCP_USER_TIMEOUT": _UNTAKEN_MS,  # Linux' alone
}


def keep_alive(transport: asyncio.BaseTransport) -> None:
    """End it with an error, within two minutes, once its peer's host is gone without a word, however idle it is."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is None or connection.family not in {socket.AF_INET, socket.AF_INET6}:
        return  # the other end is on this machine
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in OPTIONS.items():
        if (option := getattr(socket, name, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
