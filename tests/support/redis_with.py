"""A Redis with options that a site should not have, or that only this test needs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.binaries import find_redis
from tests.support.processes import Running, started


@asynccontextmanager
async def redis_with(folder: Path, port: int, options: Mapping[str, str]) -> AsyncIterator[Running]:
    """Start one on 127.0.0.1; it takes connections when the context is entered, and is killed at its end."""
    lines = {"port": str(port), "bind": "127.0.0.1", "dir": str(folder), "save": '""', **options}
    configuration = folder / "server.conf"
    configuration.write_text("".join(f"{name} {value}\n" for name, value in lines.items()), encoding="utf-8")
    async with started((str(find_redis().server), str(configuration)), {"LC_ALL": "C"}) as server:
        await server.says("Ready to accept connections")
        yield server
