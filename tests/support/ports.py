"""Ports for servers that are told theirs before they start: others must not be given them meanwhile."""

import itertools
import os
import socket
from collections.abc import Iterator
from typing import Final

# Below those that the kernel gives whoever asks for any: 32,768 and up on Linux.
_PORTS: Final = range(20_000, 32_000)
_WORKERS: Final = 20  # test processes that share the ports, each with every twentieth

_HOST: Final = "127.0.0.1"


def _own_ports() -> Iterator[int]:
    """Give the ports of this test process in turn; runs of the same time begin at different ones."""
    ours = _PORTS[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % _WORKERS :: _WORKERS]
    first = os.getpid() % len(ours)
    return itertools.cycle([*ours[first:], *ours[:first]])


_ports = _own_ports()


def free_ports(amount: int) -> list[int]:
    """Find ports that nobody has, and that no other test is given soon."""
    return list(itertools.islice(filter(_is_free, _ports), amount))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True
