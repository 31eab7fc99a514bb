"""A port that is held for web processes which come and go, as systemd holds that of switchyard-web.socket."""

import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tests.support.processes import ROOT, Running, protocol_of, started
from tests.support.units import command_of


@contextmanager
def held_port() -> Iterator[socket.socket]:
    """Hold one."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as held:
        held.set_inheritable(True)
        yield held


@asynccontextmanager
async def web_behind(held: socket.socket, environ: Mapping[str, str], *, tree: Path = ROOT) -> AsyncIterator[Running]:
    """Start what switchyard-web@ starts, of this release, with this socket in the place of the third file."""
    command = command_of("switchyard-web@")
    command[command.index("--fd") + 1] = str(held.fileno())
    if not protocol_of(tree):
        at = command.index("--http")
        del command[at : at + 2]
    async with started(command, environ, files=[held.fileno()], tree=tree) as web:
        await web.says("Uvicorn running on socket")
        yield web
