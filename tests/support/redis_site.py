"""Redis servers with the files of deploy/redis: what is set there is in force, but places, ports and passwords."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from redis.asyncio import Redis

from tests.support.ports import free_ports
from tests.support.processes import Running, started

FOLDER = Path(__file__).resolve().parents[2] / "deploy/redis"
PASSWORDS = {name: f"{name.lower()}-password" for name in ("ADMIN", "SWITCHYARD", "REPLICA", "SENTINEL")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A server that runs."""

    server: Running
    port: int
    folder: Path

    @property
    def url(self) -> str:
        """What a site's REDIS_URL is set to."""
        return f"redis://switchyard:{PASSWORDS['SWITCHYARD']}@127.0.0.1:{self.port}/0"

    def client(self, name: str = "admin") -> Redis:
        """Give a client of a user of users.acl."""
        return Redis(
            host="127.0.0.1",
            port=self.port,
            username=name,
            password=PASSWORDS[name.upper()],
            lib_name=None,
            lib_version=None,
        )

    async def refused(self) -> list[str]:
        """Say what users have been refused."""
        async with self.client() as admin:
            return [f"{one['username']}: {one['reason']} {one['object']}" for one in await admin.acl_log()]


def written(path: Path, names: Sequence[str], changes: Mapping[str, str]) -> Path:
    """Write these files of deploy/redis into one, changed; give its path. What is to be changed must be there."""
    text = "".join((FOLDER / name).read_text(encoding="utf-8") for name in names)
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@asynccontextmanager
async def configured(
    program: str, folder: Path, *, port: int = 0, master: int | None = None, is_replicated: bool = False
) -> AsyncIterator[Configured]:
    """Run a server of this program, killed at the end; with a `master`, the port of one, it is a replica of that.

    It finds what a former one has left in this folder.
    """
    port = port or free_ports(1)[0]
    names = ("ADMIN", "SWITCHYARD", *(("REPLICA", "SENTINEL") if is_replicated else ()))
    hashes = {f"#{name}_SHA256": f"#{sha256(PASSWORDS[name].encode()).hexdigest()}" for name in names}
    users = written(folder / "users.acl", ["users.acl", "replicated.acl"][: 1 + is_replicated], hashes)
    changes = {
        "bind 127.0.0.1 -::1": "bind 127.0.0.1",
        "port 6379": f"port {port}",
        "/etc/redis/users.acl": str(users),
        "dir /var/lib/redis": f"dir {folder}",
        **({"REPLICA_PASSWORD": PASSWORDS["REPLICA"]} if is_replicated else {}),
    }
    files = ["redis.conf", "replicated.conf"][: 1 + is_replicated]
    configuration = written(folder / "redis.conf", files, changes)
    follows = [] if master is None else ["--replicaof", "127.0.0.1", str(master)]
    async with started([program, str(configuration), *follows], {"LC_ALL": "C"}) as server:
        await server.says("Ready to accept connections")
        yield Configured(server=server, port=port, folder=folder)
