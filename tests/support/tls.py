"""Certificates of the test's own making, and a door that speaks TLS in front of a server that does not."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from jobs.cancelling import cancel_until_ended

_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate that vouches for itself, and its key, both as files."""

    certificate: Path
    key: Path

    @property
    def trusted(self) -> str:
        """The option of a URL that trusts it."""
        return f"ssl_ca_certs={quote(str(self.certificate))}"

    @property
    def shown(self) -> str:
        """The options of a URL that show it to the server."""
        return f"ssl_certfile={quote(str(self.certificate))}&ssl_keyfile={quote(str(self.key))}"


def certificate_for(folder: Path, *, names: str, days: int = 30) -> Certificate:
    """Make one that is good for so long, for these names, as openssl writes them: `DNS:localhost,IP:127.0.0.1`."""
    made = Certificate(certificate=folder / "certificate.pem", key=folder / "key.pem")
    folder.mkdir(exist_ok=True)
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj", "/CN=test"]
    command += ["-addext", f"subjectAltName={names}", "-keyout", str(made.key), "-out", str(made.certificate)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("makes its certificates with openssl, which is not on PATH")
    return made


@asynccontextmanager
async def tls_door(socket: str, own: Certificate, *, clients: Certificate | None = None) -> AsyncIterator[int]:
    """Carry TLS connections to a unix socket; give the port. With `clients` only who shows that certificate enters."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own.certificate, own.key)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients.certificate)

    async def carry(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(socket)
        back = asyncio.create_task(_copy(server, to_client))
        try:
            await _copy(client, to_server)
        finally:
            await cancel_until_ended([back], again_s=1.0)
            to_server.close()
            to_client.close()

    listener = await asyncio.start_server(carry, "127.0.0.1", 0, ssl=context)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await source.read(_CHUNK_BYTES):
            target.write(chunk)
            await target.drain()
