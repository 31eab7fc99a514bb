"""Redis, or Valkey, as a local server; no client: a PING is all it says."""

import os
import signal
import socket
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from deploy.local.binaries import find_redis
from deploy.local.daemon import Launch
from deploy.local.server import Server


class RedisServer(Server):
    """One Redis; durable: append-only file, synced each second. It never evicts: a queue is no cache."""

    name: ClassVar[str] = "redis"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    _binary: Path

    @property
    def url(self) -> str:
        """The `unix://` address of database 0."""
        return f"unix://{quote(str(self._socket))}?db=0"

    @property
    def _socket(self) -> Path:
        return self.socket_dir / "redis.sock"

    def _engine(self) -> str:
        found = find_redis()
        self._binary = found.server
        return found.engine

    def _prepare(self, engine: str) -> Launch:
        data = self.directory / engine
        data.mkdir(mode=0o700, exist_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(data),
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        env = {**os.environ, "LC_ALL": "C"}  # Redis 7 does not start in a locale that the system lacks
        return Launch(command=[str(self._binary), *arguments], env=env)

    def _answers(self) -> bool:
        """Ask; an error reply, such as LOADING while it reads its file, is no answer yet."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(5)
            try:
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
            except OSError:
                return False
