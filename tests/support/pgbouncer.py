"""A real PgBouncer in front of the tests' PostgreSQL."""

import os
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.ports import free_ports
from tests.support.processes import started
from tests.support.programs import program_of

_PREPARES = (1, 21)  # the first version that carries prepared statements from one connection to the next

# It refuses root, and takes no file of another user's: as everywhere here, root goes by another name then.
_AS_NOBODY = ("unshare", "--user", "--map-user=65534", "--map-group=65534") if os.geteuid() == 0 else ()

_CONFIGURATION = """
[databases]
* = host={host} port={port} user={user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
max_client_conn = 100
default_pool_size = {size}
"""


@asynccontextmanager
async def pgbouncer_before(url: str, folder: Path, *, mode: str, size: int) -> AsyncIterator[str]:
    """Start one with so many connections to the database at `url`; give the URL by which it is asked.

    The test is skipped where PgBouncer is too old for the mode, as the guide says it.
    """
    program = program_of("pgbouncer")
    prepares = "max_prepared_statements = 200\n" if _version(program) >= _PREPARES else ""
    if mode == "transaction" and not prepares:
        pytest.skip("needs PgBouncer 1.21, which carries prepared statements")
    (own_port,) = free_ports(1)
    parts = urlsplit(url)
    known = {name: values[0] for name, values in parse_qs(parts.query).items()}
    configuration = folder / "pgbouncer.ini"
    text = _CONFIGURATION.format(**known, own_port=own_port, mode=mode, size=size) + prepares
    configuration.write_text(text, encoding="utf-8")
    async with started([*_AS_NOBODY, program, str(configuration)], {}) as server:
        await server.says("process up")
        yield f"postgresql://{known['user']}@127.0.0.1:{own_port}{parts.path}"


def _version(program: str) -> tuple[int, ...]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"PgBouncer (\d+)\.(\d+)", said)
    assert found, said
    return tuple(map(int, found.groups()))
