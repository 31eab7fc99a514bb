"""What Redis says of its own content: the epoch and tick that stewards left there, and which server it is."""

from collections.abc import Iterable
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from jobs import keys
from jobs.errors import StoreUnavailableError
from jobs.stores.redis import answering
from jobs.stores.scripts import Script

_HOLD = Script("hold")
_STAMP = Script("stamp")
HOLD_MS = 10_000  # by then a steward has looked, or there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The marks; None where they are gone. `server` changes with each start of Redis and each failover."""

    epoch: str | None
    tick: int | None
    server: str


class Mark:
    """All calls raise StoreUnavailableError while Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def read(self) -> Found:
        """Read the marks of one and the same server."""
        with answering():
            pipe = self._redis.pipeline(transaction=False)
            pipe.mget(keys.EPOCH, keys.TICK)
            pipe.info("server")
            pipe.info("replication")
            (epoch, tick), *told = await pipe.execute(raise_on_error=False)
            if isinstance(told[0], ResponseError):  # managed services may not tell
                return Found(epoch=_text(epoch), tick=_number(tick), server="")
            for error in (one for one in told if isinstance(one, Exception)):
                raise error
        server = f"{told[0].get('run_id', '')} {told[1].get('master_replid', '')}"
        return Found(epoch=_text(epoch), tick=_number(tick), server=server)

    async def epoch(self) -> str:
        """Give the epoch. Raises StoreUnavailableError also where there is none.

        Redis has lost everything then, the pauses too: a steward has to see to it before anything is put in line.
        """
        with answering():
            epoch = _text(await self._redis.get(keys.EPOCH))
        if not epoch:
            raise StoreUnavailableError("Redis: it is empty, and no steward has seen to it yet")
        return epoch

    async def stamp(self, tick: int, server: str) -> None:
        """Write the tick, and that the content is known on this server."""
        with answering():
            await _STAMP.run(self._redis, tick, server)

    async def hold(self, *, epoch: str = "") -> None:
        """Let nothing be claimed for ten seconds, and with `epoch` call the content so from now on."""
        with answering():
            await _HOLD.run(self._redis, HOLD_MS, epoch)

    async def go_on(self, queues: Iterable[str]) -> None:
        """Let the workers of these queues claim again."""
        with answering():
            await _HOLD.run(self._redis, 0, "", *queues)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _number(value: bytes | None) -> int | None:
    return int(value) if value is not None and value.isdigit() else None
