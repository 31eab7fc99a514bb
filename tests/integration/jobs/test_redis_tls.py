"""Redis behind TLS, with certificates that no authority knows: what the options of REDIS_URL let in and keep out."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from jobs.errors import StoreUnavailableError
from jobs.stores.redis import answering, connect_blocking, connect_redis
from tests.support.conditions import eventually
from tests.support.ports import free_ports
from tests.support.processes import started
from tests.support.servers import Servers
from tests.support.tls import Certificate, certificate_for, tls_door


@pytest.fixture(scope="module")
def localhost(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Make a server's certificate."""
    return certificate_for(tmp_path_factory.mktemp("localhost"), names="DNS:localhost,IP:127.0.0.1")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Make the certificate of another host."""
    return certificate_for(tmp_path_factory.mktemp("elsewhere"), names="DNS:elsewhere.example")


@pytest.fixture
def socket(servers: Servers) -> str:
    """Give where our Redis listens."""
    return unquote(urlsplit(servers.redis.url).path)


@pytest.fixture
async def door(socket: str, localhost: Certificate) -> AsyncIterator[int]:
    """Give the port of a door with the certificate of localhost."""
    async with tls_door(socket, localhost) as port:
        yield port


async def test_a_trusted_certificate_lets_in(door: int, localhost: Certificate) -> None:
    """Its host name is checked, and fits."""
    assert await _reaches(f"rediss://localhost:{door}/0?{localhost.trusted}")


async def test_an_unknown_certificate_keeps_out(door: int) -> None:
    """Unless told otherwise: a man in the middle would have just that."""
    assert not await _reaches(f"rediss://localhost:{door}/0")
    assert not await _reaches(f"rediss://localhost:{door}/0?ssl_cert_reqs=optional")


async def test_platforms_with_certificates_of_their_own_making_are_reached(door: int) -> None:
    """By the option that their manuals name."""
    assert await _reaches(f"rediss://localhost:{door}/0?ssl_cert_reqs=none")


async def test_the_name_in_the_certificate_counts(socket: str, elsewhere: Certificate) -> None:
    """Redis' own default does not look at it. Ours does, unless told otherwise."""
    async with tls_door(socket, elsewhere) as door:
        assert not await _reaches(f"rediss://localhost:{door}?{elsewhere.trusted}")
        assert await _reaches(f"rediss://localhost:{door}?{elsewhere.trusted}&ssl_check_hostname=false")


async def test_a_server_may_ask_who_we_are(socket: str, localhost: Certificate, elsewhere: Certificate) -> None:
    """A certificate of ours is shown to it."""
    async with tls_door(socket, localhost, clients=elsewhere) as door:
        assert await _reaches(f"rediss://localhost:{door}?{localhost.trusted}&{elsewhere.shown}")
        assert not await _reaches(f"rediss://localhost:{door}?{localhost.trusted}")


async def test_sentinels_and_servers_behind_tls(tmp_path: Path, localhost: Certificate) -> None:
    """`rediss+sentinel://` speaks TLS with both."""
    port, sentinel = free_ports(2)
    program = next((name for name in ("valkey-server", "redis-server") if _speaks_tls(name, port)), None)
    if program is None:
        pytest.skip("needs a valkey-server or redis-server with TLS on PATH; the bundled one has none")
    own = f"tls-cert-file {localhost.certificate}\ntls-key-file {localhost.key}\n"
    own += (
        f"tls-ca-cert-file {localhost.certificate}\ntls-auth-clients no\ntls-replication yes\nbind 127.0.0.1\nport 0\n"
    )
    (tmp_path / "server.conf").write_text(f'tls-port {port}\ndir {tmp_path}\nsave ""\n{own}', encoding="utf-8")
    watch = f"tls-port {sentinel}\ndir {tmp_path}\nsentinel monitor here 127.0.0.1 {port} 1\n"
    (tmp_path / "sentinel.conf").write_text(watch + own, encoding="utf-8")
    url = f"rediss+sentinel://127.0.0.1:{sentinel}/here?{localhost.trusted}"
    async with AsyncExitStack() as stack:
        for arguments in (("server.conf",), ("sentinel.conf", "--sentinel")):
            command = (program, str(tmp_path / arguments[0]), *arguments[1:])
            await stack.enter_async_context(started(command, {"LC_ALL": "C"}))

        async def reached() -> bool:
            return await _reaches(url)

        await eventually(reached)


async def _reaches(url: str) -> bool:
    """Say whether both kinds of client get an answer; they must agree."""
    client, blocking = connect_redis(url, patience_s=2), connect_blocking(url, patience_s=2)
    try:
        found = [await _answers(client.ping()), await _answers(asyncio.to_thread(blocking.ping))]
    finally:
        blocking.close()
        await client.aclose(close_connection_pool=True)
    assert found[0] == found[1]
    return found[0]


async def _answers(ping: Awaitable[object]) -> bool:
    try:
        with answering():
            await ping
    except StoreUnavailableError:
        return False
    return True


def _speaks_tls(program: str, port: int) -> bool:
    """Say whether a server was built with TLS: one that was misses its certificate, and ends."""
    try:
        command = [program, "--port", "0", "--tls-port", str(port)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except FileNotFoundError:
        return False
    return "No tls-cert-file configured" in ended.stdout
