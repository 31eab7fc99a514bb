"""arq's own way to say where Redis is, read as an address of ours. It connects to nothing."""

from typing import Any

from arq.connections import ArqRedis, RedisSettings
from redis.asyncio.connection import SSLConnection
from redis.asyncio.sentinel import SentinelConnectionPool

from jobs.addresses import RedisAddress, Tls


def address_of(settings: RedisSettings) -> RedisAddress:
    """Read RedisSettings. How often and how long it tries is not taken over: our worker waits for Redis."""
    hosts = [(settings.host, settings.port)] if isinstance(settings.host, str) else settings.host
    tls = Tls(
        cert_reqs=settings.ssl_cert_reqs,
        check_hostname=settings.ssl_check_hostname,
        ca_certs=settings.ssl_ca_certs,
        ca_data=settings.ssl_ca_data,
        certfile=settings.ssl_certfile,
        keyfile=settings.ssl_keyfile,
    )
    return RedisAddress(
        hosts=() if settings.unix_socket_path else tuple(hosts),
        path=settings.unix_socket_path,
        service=settings.sentinel_master if settings.sentinel else None,
        db=settings.database,
        tls=tls if settings.ssl else None,
        username=settings.username or None,
        password=settings.password or None,
    )


def address_of_pool(client: ArqRedis) -> RedisAddress:
    """Read where a client that is given to the worker connects to."""
    pool = client.connection_pool
    options: dict[str, Any] = pool.connection_kwargs
    places, service = [options], None
    if isinstance(pool, SentinelConnectionPool):
        places = [one.connection_pool.connection_kwargs for one in pool.sentinel_manager.sentinels]
        service = pool.service_name
    hosts = tuple((one.get("host", "localhost"), one.get("port", 6379)) for one in places)
    return RedisAddress(
        hosts=() if "path" in options else hosts,
        path=options.get("path"),
        service=service,
        db=options.get("db") or 0,
        tls=_tls(options) if issubclass(pool.connection_class, SSLConnection) else None,
        username=options.get("username"),
        password=options.get("password"),
    )


def _tls(options: dict[str, Any]) -> Tls:
    return Tls(
        cert_reqs=options.get("ssl_cert_reqs") or "required",
        check_hostname=bool(options.get("ssl_check_hostname")),
        ca_certs=options.get("ssl_ca_certs"),
        ca_data=options.get("ssl_ca_data"),
        certfile=options.get("ssl_certfile"),
        keyfile=options.get("ssl_keyfile"),
    )
