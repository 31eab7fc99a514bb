"""A real Prometheus and a real Alertmanager, with what is shipped for them, changed as far as a test has to."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.support.ports import free_ports
from tests.support.processes import started
from tests.support.programs import program_of

Config = Mapping[str, Any]


@asynccontextmanager
async def prometheus(folder: Path, config: Config) -> AsyncIterator[httpx.AsyncClient]:
    """Start Prometheus; its files are in `folder`. Give a client of it."""
    (port,) = free_ports(1)
    command = (
        program_of("prometheus"),
        f"--config.file={write(folder / 'prometheus.yml', yaml.safe_dump(config))}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s",  # the first alerts come to nothing: it looks for Alertmanager each 5 s
    )
    async with started(command, {}) as server:
        await server.says("Server is ready to receive web requests")
        async with _client_of(port) as client:
            yield client


@asynccontextmanager
async def alertmanager(folder: Path, config: Config) -> AsyncIterator[httpx.AsyncClient]:
    """Start Alertmanager, alone; its files are in `folder`. Give a client of it."""
    (port,) = free_ports(1)
    command = (
        program_of("prometheus-alertmanager"),
        f"--config.file={write(folder / 'alertmanager.yml', yaml.safe_dump(config))}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    )
    async with started(command, {}) as server:
        await server.says(f"Listening on.*:{port}")
        async with _client_of(port) as client:
            yield client


def address_of(client: httpx.AsyncClient) -> str:
    """Give `host:port` of whom a client asks."""
    return client.base_url.netloc.decode()


def write(path: Path, text: str) -> Path:
    """Write a file; give its path."""
    path.write_text(text, encoding="utf-8")
    return path


def _client_of(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)
