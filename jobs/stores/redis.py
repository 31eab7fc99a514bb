"""Connections to Redis, and StoreUnavailableError for whatever may pass by itself."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import hiredis
from redis import connection as blocking
from redis._parsers.hiredis import NOT_ENOUGH_DATA
from redis.asyncio import Redis
from redis.asyncio import connection as awaiting
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.client import Redis as BlockingRedis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry as BlockingRetry

from jobs.addresses import RedisAddress, redis_address
from jobs.breaker import CircuitBreaker
from jobs.errors import StoreUnavailableError
from jobs.stores.redis_pool import Pool
from jobs.stores.sentinel import AtMaster, BlockingAtMaster, BlockingMaster, Master, MasterPool

_PASSING = (OSError, RedisConnectionError, RedisTimeoutError, ReadOnlyError)

Greeting = Callable[[Any], Awaitable[None]]  # of a connection that is open


class UnsentError(RedisConnectionError):
    """The connection was closed before a command was written to it: another one may take it."""


_RETRIED = (ConnectionError, TimeoutError, OSError, UnsentError)
# Starting, failing over, out of memory, or busy with somebody's script.
_PASSING_WORDS = ("OOM", "LOADING", "MASTERDOWN", "BUSY", "NOREPLICAS", "MISCONF", "UNBLOCKED")
# At the beginning, after a script's error of Redis before 7, where redis-py tells of a pipeline's command, in whichever
# quotes, or where EXEC met it.
_PASSING_ERROR = re.compile(rf"(?:^|-|caused error: \(['\"]|because of: )(?:{'|'.join(_PASSING_WORDS)}) ")
_DEMOTED = "it has become a replica"
_CLOSED = "the connection was closed"


class _Packing:
    """Packs commands in C. redis-py does so for its blocking client alone; a claim has a thousand arguments."""

    def pack_command(self, name: str, *args: str | bytes | int | float) -> list[bytes]:  # noqa: PYI041  mypy counts on it
        """Give the command as Redis reads it; its name may be of two words."""
        return [hiredis.pack_command((*name.split(), *args))]  # type: ignore[arg-type]


class _Direct:
    """Writes and looks at once where a connection is ready; all else is left to redis-py.

    That makes a task for each write and a time limit for each look, which cost as much as the rest of a command. A
    write needs no bound of its own: nobody waits until it has gone out, the wait for the answer is bounded, and a
    connection carries one command at a time.
    """

    # redis-py's
    _parser: Any
    _reader: Any
    _writer: Any
    _socket_is_empty: Callable[[], bool]
    is_connected: bool
    next_health_check: float

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:  # noqa: ANN401, FBT001, FBT002  redis-py's
        """Send what `pack_command` or `pack_commands` has made."""
        if isinstance(command, list) and self._is_ready(check_health=check_health):
            self._writer.writelines(command)
        else:
            await super().send_packed_command(command, check_health)  # type: ignore[misc]

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  redis-py's
        """Give the answer to the oldest command: at once where it has come with that to an older one."""
        if self.is_connected and not (args or kwargs):
            answer = self._parser._reader.gets()  # noqa: SLF001  hiredis', where what has come is kept
            if answer is not NOT_ENOUGH_DATA:
                if isinstance(answer, Exception):
                    raise answer
                return answer
        return await super().read_response(*args, **kwargs)  # type: ignore[misc]

    async def can_read_destructive(self) -> bool:
        """Say whether there is an answer that nobody waits for; raises a ConnectionError where it is closed."""
        if self._reader.at_eof() or self._writer.transport.is_closing():
            raise RedisConnectionError(_CLOSED)
        return not self._socket_is_empty()

    def _is_ready(self, *, check_health: bool) -> bool:
        if not self.is_connected or self._writer.transport.is_closing():
            return False
        return not check_health or asyncio.get_running_loop().time() <= self.next_health_check


class _Writing:
    """Leaves a server that takes no writes any more: it was the master before a failover.

    What it has refused it has not done, so the command is sent again over a new connection: _RETRIED has this error.
    """

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  redis-py's
        """Give the answer to the oldest command."""
        try:
            return await super().read_response(*args, **kwargs)  # type: ignore[misc]
        except ResponseError as error:
            if _is_read_only(error):
                raise ConnectionResetError(_DEMOTED) from error
            raise

    async def _send_packed_command(self, command: Iterable[bytes]) -> None:
        """Write to a connection that is open. It may have been closed since redis-py looked, in the turn before.

        uvloop meets that with a RuntimeError, which nobody takes for a lost connection.
        """
        if self._writer.transport.is_closing():  # type: ignore[attr-defined]
            raise UnsentError(_CLOSED)
        await super()._send_packed_command(command)  # type: ignore[misc]

    async def on_connect(self) -> None:
        """Log in. A server that ends the connection here is tried again by the caller, not from within.

        redis-py would look after a new connection's health first, and to mend it connect again, deeper and deeper.
        """
        self.next_health_check = asyncio.get_running_loop().time() + self.health_check_interval  # type: ignore[attr-defined]
        await super().on_connect()  # type: ignore[misc]


class _BlockingWriting:
    """The same for threads."""

    def read_response(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  redis-py's
        """Give the answer to the oldest command."""
        try:
            return super().read_response(*args, **kwargs)  # type: ignore[misc]
        except ResponseError as error:
            if _is_read_only(error):
                raise ConnectionResetError(_DEMOTED) from error
            raise


class _Pipeline(Pipeline):
    """Lets go of its connection before it gives it back: cancelled meanwhile, redis-py's would close it at its own end.

    It watches no keys.
    """

    async def reset(self) -> None:
        """Be as new."""
        connection, self.connection = self.connection, None
        self.command_stack, self.scripts, self.explicit_transaction = [], set(), False
        if connection is not None:
            await self.connection_pool.release(connection)


class _Client(Redis):
    """Makes such pipelines."""

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:  # noqa: FBT001, FBT002  redis-py's
        """Gather commands, to be sent together."""
        return _Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


def connect_redis(
    where: str | RedisAddress,
    *,
    patience_s: float,
    retries: int = 2,
    resends: bool = False,
    greeting: Greeting | None = None,
) -> Redis:
    """Make a client that connects at its first use, trying three times; `retries` says how often after the first.

    `patience_s` bounds each attempt and each answer. A command whose answer got lost is not sent again; with `resends`
    it is: stock arq ends at the first error that it meets. `greeting` logs a new connection in, in place of its
    `on_connect`. Where sentinels are named, they are asked for the master at
    each connection, and all connections to a former one are cut a second after they know of another.
    """
    address = redis_address(where) if isinstance(where, str) else where
    options = {
        **_options(address),
        "socket_timeout": patience_s,
        "socket_connect_timeout": patience_s,
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), retries=retries),
        "retry_on_error": [*_RETRIED, RedisConnectionError, RedisTimeoutError] if resends else list(_RETRIED),
        "health_check_interval": 30,
        "redis_connect_func": greeting,
    }
    bases = (_Packing, _Writing, _Direct, _kind(awaiting, address))
    if address.service is None:
        kind: Any = type("PackingConnection", bases, {})
        return _Client(connection_pool=Pool(connection_class=kind, **options))
    kind = type("MasterConnection", (AtMaster, *bases), {})
    return _Client(connection_pool=MasterPool(Master(address, _tls_options(address)), connection_class=kind, **options))


def connect_blocking(where: str | RedisAddress, *, patience_s: float) -> BlockingRedis:
    """Make a client for one thread; it tries a connection twice, and is otherwise as that of `connect_redis`."""
    address = redis_address(where) if isinstance(where, str) else where
    options = {
        **_options(address),
        "socket_timeout": patience_s,
        "socket_connect_timeout": patience_s,
        "retry": BlockingRetry(ExponentialBackoff(cap=0.1, base=0.05), retries=1),
        "retry_on_error": list(_RETRIED),
    }
    bases: tuple[type, ...] = (_BlockingWriting, _kind(blocking, address))
    if address.service is not None:
        bases = (BlockingAtMaster, *bases)
        options["master"] = BlockingMaster(address, _tls_options(address))
    kind: Any = type("BlockingConnection", bases, {})
    return BlockingRedis.from_pool(blocking.ConnectionPool(connection_class=kind, **options))


def _tls_options(address: RedisAddress) -> dict[str, Any]:
    """Give redis-py's names for how to use TLS; none without TLS."""
    if (tls := address.tls) is None:
        return {}
    return {
        "ssl_cert_reqs": tls.cert_reqs,
        "ssl_check_hostname": tls.check_hostname,
        "ssl_ca_certs": tls.ca_certs,
        "ssl_ca_data": tls.ca_data,
        "ssl_certfile": tls.certfile,
        "ssl_keyfile": tls.keyfile,
    }


def _is_read_only(error: ResponseError) -> bool:
    """Say whether a replica refuses a write; Redis before 7 wraps a script's error into its own."""
    return isinstance(error, ReadOnlyError) or "-READONLY " in str(error)


def _passes(error: ResponseError) -> bool:
    # redis-py cuts off this class' word, and only some others'
    return isinstance(error, OutOfMemoryError) or _PASSING_ERROR.search(str(error)) is not None


@contextmanager
def answering() -> Iterator[None]:
    """Translate an error that another try may not meet; what Redis says of a wrong command passes through."""
    try:
        yield
    except _PASSING as error:
        raise StoreUnavailableError(f"Redis: {str(error) or 'no answer in time'}") from error
    except ResponseError as error:
        if _passes(error):
            raise StoreUnavailableError(f"Redis: {error}") from error
        raise
    except RedisError as error:
        raise StoreUnavailableError(f"Redis: {error}") from error


@asynccontextmanager
async def patiently(patience_s: float, breaker: CircuitBreaker | None = None) -> AsyncIterator[None]:
    """Raise StoreUnavailableError where Redis has not answered after so many seconds, retries included.

    With a breaker, which others who ask have too, raise it at once where one of them waits in vain.
    """
    breaker = breaker or CircuitBreaker(patience_s=patience_s)
    if not breaker.lets_through():
        raise StoreUnavailableError("Redis: it owes others an answer")
    with answering():
        try:
            async with asyncio.timeout(patience_s):
                yield
        except (TimeoutError, RedisTimeoutError) as error:
            breaker.failed()
            raise StoreUnavailableError("Redis: no answer in time") from error
        except Exception:  # it is not silent, at least
            breaker.answered()
            raise
        breaker.answered()


def _options(address: RedisAddress) -> dict[str, Any]:
    options: dict[str, Any] = {"db": address.db, "username": address.username, "password": address.password}
    # No CLIENT SETINFO: a list of allowed commands that a Redis before 7.2 reads too cannot have it.
    options |= {"lib_name": None, "lib_version": None}
    if address.path is not None:
        return {**options, "path": address.path}
    if address.service is None:
        ((options["host"], options["port"]),) = address.hosts
    return {**options, **_tls_options(address)}


def _kind(module: Any, address: RedisAddress) -> Any:  # noqa: ANN401  redis-py's two modules have equal names
    if address.path is not None:
        return module.UnixDomainSocketConnection
    return module.SSLConnection if address.tls else module.Connection
