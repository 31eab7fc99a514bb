"""A site while it runs: the release step, then the processes, the servers watched, the banner when it answers."""

import asyncio
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.banner import Banner
from deploy.local.errors import DevError
from deploy.local.output import Output
from deploy.local.readiness import wait_ready
from deploy.local.server import Server
from deploy.local.supervisor import Supervisor, describe

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_SERVERS_LOOKED_AT_EVERY_S = 1.0
_HINT_AFTER_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What runs: `commands` of the Procfile with `env`, on `servers` that are started already."""

    root: Path
    commands: Mapping[str, str]
    env: Mapping[str, str]
    servers: Sequence[Server]
    banner: Banner

    async def run(self) -> None:
        """Return when a signal asked for it and nothing of the processes is left."""
        commands = dict(self.commands)
        release = commands.pop("release", None)
        output = Output(self.commands)
        supervisor = Supervisor(cwd=self.root, env=self.env, output=output)
        for number in STOP_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, supervisor.stop)
        if release is not None:
            status = await supervisor.run_once("release", release)
            if await supervisor.stopped_within(0):
                return
            if status != 0:
                raise DevError(f"the release step failed ({describe(status)}): see its lines above")
        announcing = asyncio.create_task(self._announce(output))
        watching = [asyncio.create_task(_watch(server, supervisor, output)) for server in self.servers]
        await supervisor.run(commands)
        announcing.cancel()
        await asyncio.gather(announcing, *watching, return_exceptions=True)

    async def _announce(self, output: Output) -> None:
        ready = asyncio.create_task(wait_ready(self.env["HOST"], self.env["PORT"]))
        done, _ = await asyncio.wait({ready}, timeout=_HINT_AFTER_S)
        if not done:
            output.say(f"Not ready after {_HINT_AFTER_S:g} s: the lines above may say why. Still trying.")
        await ready
        output.say(self.banner.text())


async def _watch(server: Server, supervisor: Supervisor, output: Output) -> None:
    """Start the server again when it dies: its clients ride that out."""
    while not await supervisor.stopped_within(_SERVERS_LOOKED_AT_EVERY_S):
        if not server.running:
            output.say(f"{server.name} ended, starts again")
            try:
                await asyncio.to_thread(server.start)
            except DevError as error:
                output.say(f"{server.name}: {error}")
