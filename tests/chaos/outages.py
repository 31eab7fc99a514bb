"""How a server goes away and comes back. Whatever a test does in between, it is back afterwards."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deploy.local.server import Server


@asynccontextmanager
async def stopped(server: Server) -> AsyncIterator[None]:
    """Stop a server in the orderly way; it is started again at the end, at the same address with the same data."""
    await asyncio.to_thread(server.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(server.start)


@asynccontextmanager
async def killed(server: Server) -> AsyncIterator[None]:
    """Kill a server; it is started again at the end."""
    await asyncio.to_thread(server.kill)
    try:
        yield
    finally:
        await asyncio.to_thread(server.start)


@asynccontextmanager
async def hung(server: Server) -> AsyncIterator[None]:
    """Stop a server's process: it takes connections and does not answer, until the end."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)
