"""The host of PostgreSQL vanishes without a word, in the middle of what a task does there: the task is told."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvloop

from jobs.errors import StoreUnavailableError
from jobs.stores import keep_alive
from jobs.stores.database import Connection, Database
from tests.support.servers import Servers
from tests.support.vanishing import far_postgres

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="lets Linux drop packets")

_HASTY = {"TCP_KEEPIDLE": 1, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 2, "TCP_USER_TIMEOUT": 3_000}
_BEGUN_S = 0.5  # nothing tells that it has
_TOLD_S = 40.0
_LINES = b"1\n" * 100_000

Work = Callable[[Connection], Awaitable[None]]
NewLoop = Callable[[], asyncio.AbstractEventLoop]


async def _ask(connection: Connection) -> None:
    await connection.execute("SELECT pg_sleep(600)")


async def _load(connection: Connection) -> None:
    async def lines() -> AsyncIterator[bytes]:
        while True:
            yield _LINES

    await connection.copy_in("loaded", columns=["number"], lines=lines())


async def _told(url: str, work: Work) -> None:
    async with far_postgres(url) as far:
        database = await Database.open(far.url, size=1, patience_s=10, answer_s=None)
        async with database.connect() as connection:
            await connection.execute("CREATE TEMPORARY TABLE loaded (number integer)")
            working = asyncio.ensure_future(work(connection))
            await asyncio.sleep(_BEGUN_S)
            assert not working.done()
            far.vanish()
            done, _ = await asyncio.wait([working], timeout=_TOLD_S)
            assert done, f"it waits still, after {_TOLD_S:g} s"
        with pytest.raises(StoreUnavailableError):
            await working
        await database.close()


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("work", [_ask, _load], ids=["asks", "loads"])
def test_who_waits_without_end_is_told(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, work: Work, new_loop: NewLoop
) -> None:
    """Be it that he waits for an answer, or that what he sends does not arrive: as of any store that is away."""
    monkeypatch.setattr(keep_alive, "OPTIONS", _HASTY)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_told(servers.postgres.url, work))
