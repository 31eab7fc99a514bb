"""arq's RedisSettings and clients, read as addresses."""

from typing import Any

import pytest
from arq.connections import ArqRedis, RedisSettings
from redis.asyncio import ConnectionPool
from redis.asyncio.sentinel import Sentinel

from jobs.addresses import RedisAddress, Tls
from jobs.redis_settings import address_of, address_of_pool

SENTINELS = [("one", 26379), ("two", 26380)]


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        (RedisSettings(), RedisAddress(hosts=(("localhost", 6379),))),
        (
            RedisSettings(host="h", port=7, database=3, username="u", password="p@:/"),  # noqa: S106  none
            RedisAddress(hosts=(("h", 7),), db=3, username="u", password="p@:/"),  # noqa: S106  the same
        ),
        (RedisSettings(unix_socket_path="/run/r.sock", database=1), RedisAddress(path="/run/r.sock", db=1)),
        (
            RedisSettings(host=SENTINELS, sentinel=True, sentinel_master="m"),
            RedisAddress(hosts=tuple(SENTINELS), service="m"),
        ),
        (
            RedisSettings(ssl=True, ssl_ca_data="PEM", ssl_keyfile="k", ssl_certfile="c"),
            RedisAddress(
                hosts=(("localhost", 6379),), tls=Tls(check_hostname=False, ca_data="PEM", keyfile="k", certfile="c")
            ),
        ),
        (
            RedisSettings.from_dsn("rediss://:secret@h:6390/2"),
            RedisAddress(hosts=(("h", 6390),), db=2, tls=Tls(check_hostname=False), password="secret"),  # noqa: S106
        ),
    ],
)
def test_settings_are_read(settings: RedisSettings, address: RedisAddress) -> None:
    """Each way that arq knows to say where Redis is; host names of TLS are looked at only where that is asked for."""
    assert address_of(settings) == address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://u:p%40@h:7/3", RedisAddress(hosts=(("h", 7),), db=3, username="u", password="p@")),  # noqa: S106
        ("unix:///run/r.sock?db=2", RedisAddress(path="/run/r.sock", db=2)),
        (
            "rediss://h?ssl_cert_reqs=none&ssl_ca_certs=/ca",
            RedisAddress(hosts=(("h", 6379),), tls=Tls(cert_reqs="none", check_hostname=False, ca_certs="/ca")),
        ),
    ],
)
async def test_a_client_is_read(url: str, address: RedisAddress) -> None:
    """Where it connects to, since the worker needs connections of its own."""
    assert address_of_pool(ArqRedis(ConnectionPool.from_url(url))) == address


async def test_a_client_of_sentinels_is_read() -> None:
    """The sentinels, and the name of what they watch."""
    make: Any = Sentinel  # without annotations
    sentinel = make(SENTINELS, db=4, password="p")  # noqa: S106  none
    address = address_of_pool(sentinel.master_for("m", redis_class=ArqRedis))
    assert address == RedisAddress(hosts=tuple(SENTINELS), service="m", db=4, password="p")  # noqa: S106  the same
