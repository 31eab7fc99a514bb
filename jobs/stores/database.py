"""The one door to PostgreSQL: a pool, transactions, and StoreUnavailableError for whatever may pass by itself."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Self, TypeAlias

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from jobs import codec
from jobs.errors import StoreUnavailableError
from jobs.stores.keep_alive import keep_alive
from jobs.stores.pools import PoolUse

Row = asyncpg.Record
_Raw: TypeAlias = "PoolConnectionProxy[Row]"

_CLOSE_S = 5.0
_KEPT_S = 30.0
_LET_GO_S = 1.0

_PASSING = (
    OSError,  # also TimeoutError
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.InsufficientResourcesError,  # 53
    asyncpg.exceptions.InvalidAuthorizationSpecificationError,  # 28: a password that is being changed
    asyncpg.exceptions.InvalidCachedStatementError,  # 0A000: a migration between two statements of a transaction
    asyncpg.exceptions.InvalidCatalogNameError,  # 3D000: the database is being restored
    asyncpg.exceptions.InvalidTransactionStateError,  # 25: it takes no writes any more, or has ended the transaction
    asyncpg.exceptions.ObjectNotInPrerequisiteStateError,  # 55: lock_timeout
    asyncpg.exceptions.OperatorInterventionError,  # 57
    asyncpg.exceptions.PostgresSystemError,  # 58: an error of its disk
    asyncpg.exceptions.TransactionRollbackError,  # 40: deadlock, serialization
)


@contextmanager
def _answering() -> Iterator[None]:
    """Translate an error that another try may not meet; all others are mistakes of ours and pass through."""
    try:
        yield
    except _PASSING as error:
        if isinstance(error, ValueError):
            raise  # asyncpg's word for an argument that does not fit its column, below InterfaceError
        raise StoreUnavailableError(f"PostgreSQL: {str(error) or type(error).__name__}") from error


class _LostError(StoreUnavailableError):
    """The connection was lost in the middle of a call."""


class Connection:
    """One connection of the pool, for as long as its `async with` lasts."""

    def __init__(self, raw: _Raw) -> None:
        self._raw = raw

    async def fetch(self, query: str, *args: object) -> list[Row]:
        """Run a query and give all of its rows."""
        with _answering():
            return await self._raw.fetch(query, *args)

    async def fetch_row(self, query: str, *args: object) -> Row | None:
        """Run a query and give its first row, or None."""
        with _answering():
            return await self._raw.fetchrow(query, *args)

    async def execute(self, statement: str, *args: object) -> None:
        """Run a statement; without arguments the text may hold several."""
        with _answering():
            await self._raw.execute(statement, *args)

    async def copy_in(self, table: str, *, columns: Sequence[str], lines: AsyncIterator[bytes]) -> None:
        """Load lines of COPY's text format. An error of the iterator itself passes through unchanged."""
        failed: list[BaseException] = []

        async def watched() -> AsyncIterator[bytes]:
            try:
                async for chunk in lines:
                    yield chunk
            except BaseException as error:
                failed.append(error)
                raise

        try:
            with _answering():
                await self._unless_lost(self._raw.copy_to_table(table, columns=list(columns), source=watched()))
        except _LostError:
            raise
        except Exception:
            if failed:
                raise failed[0] from None
            raise

    async def _unless_lost(self, call: Coroutine[Any, Any, object]) -> None:
        """Await a call. One whose connection is lost just as it may write no more, asyncpg would leave waiting."""
        calling, is_lost = asyncio.create_task(call), False

        def lose(_: object) -> None:
            nonlocal is_lost
            is_lost = calling.cancel()

        self._raw.add_termination_listener(lose)
        try:
            await calling
        except (Exception, asyncio.CancelledError) as error:  # what it raises when cancelled the event loop decides
            current = asyncio.current_task()
            if is_lost and current is not None and not current.cancelling():
                raise _LostError("PostgreSQL: the connection was lost") from error
            raise
        finally:
            with suppress(asyncpg.InterfaceError):  # it was lost, and is nobody's any more
                self._raw.remove_termination_listener(lose)


class Database:
    """A pool of connections to one database. Opening it connects to nothing, so a process can start without it."""

    def __init__(self, pool: "asyncpg.Pool[Row]", *, patience_s: float, most_kept: int) -> None:
        self._pool = pool
        self._patience_s = patience_s
        self._most_kept = most_kept
        self._kept: dict[_Raw, asyncio.TimerHandle] = {}

    @classmethod
    async def open(cls, url: str, *, size: int, patience_s: float, answer_s: float | None) -> Self:
        """Make the pool.

        `patience_s` bounds the wait for a connection, `answer_s` that for each answer; None waits without end, but not
        for a host that is gone.
        """
        pool = await asyncpg.create_pool(
            url,
            min_size=0,
            max_size=size,
            timeout=patience_s,
            command_timeout=answer_s,
            init=_set_up,
            reset=_keep_session,
            server_settings={"application_name": "switchyard", "timezone": "UTC"},
        )
        return cls(pool, patience_s=patience_s, most_kept=size // 2)

    async def close(self) -> None:
        """Give all connections back; those still in use after some seconds are cut."""
        self._most_kept = 0
        try:
            async with asyncio.timeout(_CLOSE_S):
                while self._kept:
                    await self._let_go(self._take_kept())
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        """Borrow a connection outside of any transaction."""
        raw = await self._acquire()
        try:
            yield Connection(raw)
        finally:
            await self._let_go(raw)

    @asynccontextmanager
    async def keep(self) -> AsyncIterator[Connection]:
        """Borrow a connection for single statements, and keep it at hand for the next who asks like this.

        That spares the two tasks that the pool makes each time. One that has not answered is cut, without another wait
        for it; one that nobody has asked for in half a minute is closed.
        """
        while self._kept:
            raw = self._take_kept()
            if _is_open(raw):
                break
            self._drop(raw)
        else:
            raw = await self._acquire()
        try:
            yield Connection(raw)
        except (StoreUnavailableError, asyncio.CancelledError):
            self._drop(raw)
            raise
        except Exception:  # the statement was refused: the connection is as good as before
            await self._put_by(raw)
            raise
        await self._put_by(raw)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Borrow a connection for one transaction: committed at the end, rolled back by any exception."""
        async with self.connect() as connection:
            transaction = connection._raw.transaction()  # noqa: SLF001  both classes are this one door
            with _answering():
                await transaction.start()
            try:
                yield connection
            except BaseException:
                with suppress(*_PASSING):  # no answer means the same, once the connection is cut
                    async with asyncio.timeout(_LET_GO_S):
                        await transaction.rollback()
                raise
            with _answering():
                await transaction.commit()

    async def fetch(self, query: str, *args: object) -> list[Row]:
        """Run a query on a connection of its own and give all of its rows."""
        async with self.connect() as connection:
            return await connection.fetch(query, *args)

    async def fetch_row(self, query: str, *args: object) -> Row | None:
        """Run a query on a connection of its own and give its first row, or None."""
        async with self.connect() as connection:
            return await connection.fetch_row(query, *args)

    async def execute(self, statement: str, *args: object) -> None:
        """Run a statement on a connection of its own."""
        async with self.connect() as connection:
            await connection.execute(statement, *args)

    async def ping(self) -> None:
        """Raise StoreUnavailableError unless PostgreSQL answers."""
        await self.execute("SELECT 1")

    def use(self) -> PoolUse:
        """Count the connections; those that are kept at hand are idle."""
        idle = self._pool.get_idle_size() + len(self._kept)
        return PoolUse(used=self._pool.get_size() - idle, idle=idle, size=self._pool.get_max_size())

    async def _acquire(self) -> _Raw:
        with _answering():
            return await self._pool.acquire(timeout=self._patience_s)

    async def _let_go(self, raw: _Raw) -> None:
        """Give a connection back. One whose server goes on with what was cancelled is cut soon: it may hang.

        Nothing is raised: what was asked over it was answered, or has raised something by itself.
        """
        with suppress(*_PASSING):
            await self._pool.release(raw, timeout=_LET_GO_S)

    async def _put_by(self, raw: _Raw) -> None:
        if len(self._kept) < self._most_kept:
            self._kept[raw] = asyncio.get_running_loop().call_later(_KEPT_S, self._drop, raw)
        else:
            await self._let_go(raw)

    def _take_kept(self) -> _Raw:
        raw, idle = self._kept.popitem()
        idle.cancel()
        return raw

    def _drop(self, raw: _Raw) -> None:
        self._kept.pop(raw, None)
        with suppress(asyncpg.InterfaceError):  # it was lost, and the pool has taken it back by itself
            raw.terminate()


def _is_open(raw: _Raw) -> bool:
    try:
        return not raw.is_closed()
    except asyncpg.InterfaceError:
        return False


async def _set_up(connection: "asyncpg.Connection[Row]") -> None:
    """Let a new one be found out to be dead, where a wait has no end of its own, and speak JSON."""
    raw: Any = connection  # which sets no such option, and shows its socket to nobody
    keep_alive(raw._transport)  # noqa: SLF001
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=codec.dumps_text, decoder=orjson.loads, format="text"
    )


async def _keep_session(_: object) -> None:
    """Spare the round trip that would set the session back: nothing here changes one beyond its transaction.

    A transaction that was left open is rolled back by asyncpg before this is called.
    """
