"""A site of real processes that stands for a whole module of tests, and the command asked there."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner
from redis.asyncio import Redis

from app.cli.__main__ import main
from app.cli.settings import KEY, PATIENCE, URL
from tests.support.processes import web_process, worker_process
from tests.support.servers import Servers, migrated_database
from tests.support.site import ADMIN_KEY, environment

_QUEUES = "data_sync:4,data_processing:2,scheduled:2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def objects(self) -> Sequence[Any]:
        """The JSON that it printed, an object a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def object(self) -> Any:  # noqa: ANN401  JSON
        """The one object that it printed."""
        (found,) = self.objects
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingSite:
    """A web process and a worker. `admin` is a client of the administrator's, `home` a folder for a user's settings."""

    url: str
    environ: Mapping[str, str]
    admin: httpx.AsyncClient
    home: Path

    async def command(self, *arguments: str, stdin: str = "", key: str | None = ADMIN_KEY) -> Said:
        """Run a command as the key's user; None: by what the settings in `home` say."""
        told = {} if key is None else {URL: self.url, KEY: key}
        return await asyncio.to_thread(said, *arguments, stdin=stdin, environ={"HOME": str(self.home), **told})


def said(*arguments: str, environ: Mapping[str, str], stdin: str = "") -> Said:
    """Run a command in this process; nothing of the settings of who runs the tests counts."""
    blank = dict.fromkeys((URL, KEY, PATIENCE, "XDG_CONFIG_HOME"))
    with CliRunner().isolation(input=stdin, env={**blank, **environ}) as (out, err, _):
        status = main(arguments)
    return Said(status=status, out=out.getvalue().decode(), err=err.getvalue().decode())


@asynccontextmanager
async def standing_site(servers: Servers, folder: Path, **more: str) -> AsyncIterator[StandingSite]:
    """Start the processes on stores of their own; all is gone at the end."""
    async with Redis.from_url(servers.redis.url) as redis, migrated_database(servers) as database_url:
        await redis.flushdb()
        environ = environment(database_url=database_url, redis_url=servers.redis.url, data_dir=folder / "data", **more)
        async with web_process(environ) as (_, admin), worker_process(environ, _QUEUES):
            yield StandingSite(url=str(admin.base_url), environ=environ, admin=admin, home=folder)
