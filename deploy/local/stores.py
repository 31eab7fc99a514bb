"""`./dev stores COMMAND`: a Redis and a migrated PostgreSQL for one command, such as the tests of somebody's tasks."""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.errors import DevError
from deploy.local.postgres import PostgresServer
from deploy.local.redis import RedisServer
from deploy.local.venv import Venv


def with_stores(root: Path, environ: Mapping[str, str], command: Sequence[str]) -> int:
    """Run the command here, with the stores' addresses in its environment and Switchyard to import; its exit status.

    Both are empty and its own, and gone when it ends.
    """
    if not command:
        raise DevError("name a command, like: ./dev stores pytest test_shop_tasks.py")
    venv = Venv(root)
    venv.ensure()
    with (
        tempfile.TemporaryDirectory(prefix="switchyard-stores-") as folder,
        RedisServer(Path(folder, "redis"), durable=False) as redis,
        PostgresServer(Path(folder, "postgres"), durable=False) as postgres,
    ):
        env = {
            **environ,
            "REDIS_URL": redis.url,
            "DATABASE_URL": postgres.url,
            "PATH": os.pathsep.join((str(venv.bin), environ.get("PATH", os.defpath))),
            "PYTHONPATH": os.pathsep.join(filter(None, (environ.get("PYTHONPATH"), ".", str(root)))),
        }
        migrate = (str(venv.bin / "python"), "-m", "app", "migrate")
        subprocess.run(migrate, cwd=root, env=env, check=True, stdout=subprocess.DEVNULL)
        try:
            return subprocess.run(command, env=env, check=False).returncode
        except FileNotFoundError:
            raise DevError(f"there is no command {command[0]!r}") from None
