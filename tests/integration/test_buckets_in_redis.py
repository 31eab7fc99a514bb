"""Token buckets in Redis by Redis' own clock: several processes, lost scripts, silent servers, other keys."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ratelimit.bucket import BucketRequest, Limit
from ratelimit.storage.redis import TokenBucketRedisStorage
from tests.chaos.outages import hung
from tests.support.hitting import BUCKET, PATIENCE_S, hit
from tests.support.pulse import beating
from tests.support.servers import Servers

ROOT = Path(__file__).resolve().parents[2]
_LONG_S = 2.0  # a patience for a busy machine, which has no answer in a tenth of a second at times
SLOW = Limit(amount=1_000, period_s=86_400, burst=1_000)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Any]:
    """Connect."""
    async with Redis.from_url(redis_url) as redis:
        yield redis


@pytest.fixture
def storage(redis: Any) -> TokenBucketRedisStorage:  # noqa: ANN401  redis-py annotates its answers loosely
    """Give full buckets."""
    return TokenBucketRedisStorage.on(redis, patience_s=PATIENCE_S)


def _of(key: str = "user:4", cost: int = 1) -> BucketRequest:
    return BucketRequest(policy="default", key=key, limit=SLOW, cost=cost)


async def _charged_at_us(redis: Any) -> int:  # noqa: ANN401  the same
    """Give the microsecond of the last charge of the one bucket that there is."""
    (key,) = await redis.keys("*")
    return int((await redis.get(key)).split(b":")[1])


async def _written(redis: Any) -> int:  # noqa: ANN401  the same
    return int((await redis.info("persistence"))["rdb_changes_since_last_save"])


async def test_a_hundred_clients_in_four_processes_are_admitted_exactly_what_comes(redis_url: str, redis: Any) -> None:  # noqa: ANN401
    """From the first admission to the last: floor(burst + rate x time), not one more or less."""
    limit = BUCKET.limit
    admitted = int((await TokenBucketRedisStorage.on(redis, patience_s=PATIENCE_S).acquire(BUCKET)).admitted)
    started_us = await _charged_at_us(redis)
    admitted += await hit(redis_url, 1, 0)  # empties it: before it is full again, the others are there
    command = (sys.executable, "-m", "tests.support.hitting", redis_url, "25", "1.5")
    processes = [
        await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE) for _ in range(4)
    ]
    for process in processes:
        admitted += int((await process.communicate())[0])
    admitted += await hit(redis_url, 1, 0)  # ends with a refusal, so that at the last admission no token was left over
    passed_us = await _charged_at_us(redis) - started_us
    assert admitted == limit.burst + limit.amount * passed_us // (limit.period_s * 1_000_000)


async def test_a_denial_writes_nothing(redis: Any, storage: TokenBucketRedisStorage) -> None:  # noqa: ANN401
    """Nor does a peek; not even into the append-only file."""
    await storage.acquire(_of(cost=1_000))
    before, keys = await _written(redis), await redis.keys("*")
    for _ in range(10):
        assert not (await storage.acquire(_of("user:5"), _of())).admitted
        await storage.peek(_of("user:6"))
    assert await _written(redis) == before
    assert await redis.keys("*") == keys


async def test_a_key_is_gone_when_its_bucket_is_full(redis: Any, storage: TokenBucketRedisStorage) -> None:  # noqa: ANN401
    """So those who come no more hold no memory."""
    await storage.acquire(_of())
    (key,) = await redis.keys("*")
    assert 60_000 < await redis.pttl(key) <= 86_402
    assert await redis.memory_usage(key) <= 128
    await storage.refund(_of())
    assert await redis.keys("*") == []


async def test_what_met_a_redis_without_the_script_is_sent_again_alone(
    redis: Any,  # noqa: ANN401
    storage: TokenBucketRedisStorage,
) -> None:
    """However often that forgets it, each call is charged once."""

    async def forget() -> None:
        for _ in range(100):
            await redis.script_flush()

    async def client() -> int:
        return sum([(await storage.acquire(_of())).admitted for _ in range(15)])

    forgetting = asyncio.create_task(forget())
    admitted = sum(await asyncio.gather(*[client() for _ in range(40)], return_exceptions=False))
    await forgetting
    assert admitted == 600
    assert (await storage.peek(_of(cost=0))).states[0].remaining == 400


async def test_decisions_of_one_turn_travel_together(redis_url: str, redis: Any) -> None:  # noqa: ANN401
    """Over one connection, without a wait for another's answer."""
    async with Redis.from_url(redis_url, client_name="together") as client:
        storage = TokenBucketRedisStorage.on(client, patience_s=PATIENCE_S)
        await asyncio.gather(*[storage.acquire(_of(f"user:{number}")) for number in range(30)])
        assert sum(one["name"] == "together" for one in await redis.client_list()) == 1


async def test_who_want_the_same_at_once_ask_once(redis: Any, storage: TokenBucketRedisStorage) -> None:  # noqa: ANN401
    """Each is admitted and charged, and told how the bucket stands then. Who wants anything else asks for himself."""
    await storage.peek(_of())  # the script is there
    await redis.config_resetstat()
    others = [
        storage.acquire(_of(cost=2)),
        storage.acquire(_of(), _of("user:5")),
        storage.peek(_of()),
        storage.charge(_of()),
    ]
    *same, costly, both, _, _ = await asyncio.gather(*[storage.acquire(_of()) for _ in range(30)], *others)
    assert [(decision.admitted, decision.states[0].remaining) for decision in same] == [(True, 970)] * 30
    assert (costly.admitted, both.admitted) == (True, True)
    assert (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"] == 1 + len(others)
    assert (await storage.peek(_of(cost=0))).states[0].remaining == 1_000 - 30 - 2 - 1 - 1


@pytest.mark.parametrize(("cost", "wanted", "admitted"), [(1, 30, 10), (4, 3, 2), (600, 2, 0)])
async def test_who_want_more_at_once_than_there_is_get_what_there_is(
    storage: TokenBucketRedisStorage, cost: int, wanted: int, admitted: int
) -> None:
    """As one after the other would; the others are told how long to wait."""
    await storage.acquire(_of(cost=990))
    decisions = await asyncio.gather(*[storage.acquire(_of(cost=cost)) for _ in range(wanted)])
    assert sum(decision.admitted for decision in decisions) == admitted
    assert all(decision.states[0].wait_us for decision in decisions if not decision.admitted)
    assert (await storage.peek(_of(cost=0))).states[0].remaining == 10 - admitted * cost


@pytest.mark.parametrize("amount", [1, 5])
async def test_what_was_cancelled_before_it_was_sent_is_not_charged(
    storage: TokenBucketRedisStorage, amount: int
) -> None:
    """A client that has gone pays nothing, and nobody else pays for him."""
    tasks = [asyncio.create_task(storage.acquire(_of())) for _ in range(amount)]
    await asyncio.sleep(0)
    for task in tasks[:2]:
        task.cancel()
    assert all([(await task).admitted for task in tasks[2:]])
    assert (await storage.peek(_of(cost=0))).states[0].remaining == 1_000 - len(tasks[2:])


async def test_who_is_cancelled_once_it_was_sent_takes_no_answer_away(storage: TokenBucketRedisStorage) -> None:
    """The others hear that they are admitted, or ask for themselves."""
    await storage.acquire(_of(cost=998))
    tasks = [asyncio.create_task(storage.acquire(_of())) for _ in range(4)]
    await asyncio.sleep(0)  # they ask
    await asyncio.sleep(0)  # and it is sent
    tasks[0].cancel()
    assert sorted([(await task).admitted for task in tasks[1:]]) == [False, True, True]


async def _silence_took_s(storage: TokenBucketRedisStorage) -> float:
    """Ask twenty times at once; give the seconds after which all have their error, less what this loop was late."""
    started = asyncio.get_running_loop().time()
    async with beating() as pulse:
        answers = await asyncio.gather(*[storage.acquire(_of()) for _ in range(20)], return_exceptions=True)
    assert all(isinstance(answer, RedisTimeoutError) for answer in answers)
    return asyncio.get_running_loop().time() - started - pulse.latest_s


async def test_a_silent_redis_is_not_waited_for(redis_url: str, servers: Servers) -> None:
    """The error comes once its patience ends, by default soon; the same storage goes on when Redis does."""
    url = redis_url.replace("unix", "async+redis+unix+bucket", 1)
    storage, default = TokenBucketRedisStorage(url, patience_s=_LONG_S), TokenBucketRedisStorage(url)
    await storage.acquire(_of())
    async with hung(servers.redis):
        assert await _silence_took_s(default) < 0.35  # a tenth of a second is right
        assert await _silence_took_s(storage) < 2.5 * _LONG_S
    assert (await storage.acquire(_of())).admitted
    await storage.aclose()
    await default.aclose()


async def test_who_asks_again_at_once_is_answered() -> None:
    """Also when pipelines come back without an answer: none of those who wait is forgotten."""
    storage = TokenBucketRedisStorage("async+redis+unix+bucket:///nowhere.sock")

    async def insist() -> None:
        for _ in range(20):
            with pytest.raises(RedisConnectionError):
                await storage.acquire(_of())

    async with asyncio.timeout(20):
        await asyncio.gather(*[insist() for _ in range(128)])


async def test_reset_takes_away_buckets_and_nothing_else(redis: Any, storage: TokenBucketRedisStorage) -> None:  # noqa: ANN401
    """Without a command that lists all keys or stops Redis."""
    await redis.set("switchyard:bucketful", "1")
    await asyncio.gather(*[storage.acquire(_of(f"user:{number}")) for number in range(300)])
    await redis.config_resetstat()
    assert await storage.reset() == 300
    assert await redis.keys("*") == [b"switchyard:bucketful"]
    called = {name.removeprefix("cmdstat_") for name in await redis.info("commandstats")}
    assert called <= {"scan", "unlink", "keys", "info", "config|resetstat"}
    assert (await redis.info("commandstats"))["cmdstat_keys"]["calls"] == 1  # ours, above
