"""Connections to Redis, and StoreUnavailableError for whatever may pass by itself."""

from collections.abc import Iterator
from contextlib import contextmanager

import hiredis
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.client import Redis as BlockingRedis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry as BlockingRetry

from jobs.errors import StoreUnavailableError

_PASSING = (OSError, RedisConnectionError, RedisTimeoutError, ReadOnlyError)


class _Packing:
    """Packs commands in C. redis-py does so for its blocking client alone; a claim has a thousand arguments."""

    def pack_command(self, name: str, *args: str | bytes | int | float) -> list[bytes]:  # noqa: PYI041  mypy counts on it
        """Give the command as Redis reads it; its name may be of two words."""
        return [hiredis.pack_command((*name.split(), *args))]  # type: ignore[arg-type]


def connect_redis(url: str, *, patience_s: float) -> Redis:
    """Make a client that connects at its first use and tries a lost connection twice.

    `patience_s` bounds each connection attempt and each answer.
    """
    pool = ConnectionPool.from_url(
        url,
        socket_timeout=patience_s,
        socket_connect_timeout=patience_s,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), retries=2),
        retry_on_error=[ConnectionError, TimeoutError, OSError],
        health_check_interval=30,
    )
    pool.connection_class = type("PackingConnection", (_Packing, pool.connection_class), {})
    return Redis(connection_pool=pool)


def connect_blocking(url: str, *, patience_s: float) -> BlockingRedis:
    """Make a client for a thread; a lost connection is tried again once."""
    return BlockingRedis.from_url(
        url,
        socket_timeout=patience_s,
        socket_connect_timeout=patience_s,
        retry=BlockingRetry(ExponentialBackoff(cap=0.1, base=0.05), retries=1),
        retry_on_error=[ConnectionError, TimeoutError, OSError],
    )


@contextmanager
def answering() -> Iterator[None]:
    """Translate an error that another try may not meet; what Redis says of a wrong command passes through."""
    try:
        yield
    except _PASSING as error:
        raise StoreUnavailableError(f"Redis: {str(error) or 'no answer in time'}") from error
    except ResponseError as error:
        # Starting, failing over, out of memory, or busy with somebody's script: all of that passes.
        if str(error).partition(" ")[0] in {"OOM", "LOADING", "MASTERDOWN", "BUSY", "NOREPLICAS", "MISCONF"}:
            raise StoreUnavailableError(f"Redis: {error}") from error
        raise
    except RedisError as error:
        raise StoreUnavailableError(f"Redis: {error}") from error
