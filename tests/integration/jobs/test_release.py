"""All parked jobs are released, whatever queue they are in, and whoever else works meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator

import pytest
from redis.asyncio import Redis

from jobs.release import release_parked
from jobs.scoring import PARKED
from jobs.stores.parking import Parking
from jobs.stores.redis import connect_redis
from tests.support.protocol import World, opened
from tests.support.protocol_words import Spec

OWNERS = ("ann", "bob", "cid", "dan")


@pytest.fixture
def world(redis_url: str) -> Iterator[World]:
    """Give a Redis with 1,000 parked jobs of four owners, who may run none, in two queues."""
    with opened(redis_url) as world:
        for owner in OWNERS:
            world.limit(owner, 0)
        for first in range(0, 1_000, 200):
            world.enqueue(
                *(
                    Spec(f"j{n}", owner=OWNERS[n % 4], queue="other" if n % 3 else "q")
                    for n in range(first, first + 200)
                )
            )
        _park(world)
        yield world


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client of ours."""
    client = connect_redis(redis_url, patience_s=5)
    yield client
    await client.aclose(close_connection_pool=True)


def _park(world: World) -> None:
    """Claim until nothing is ready."""
    for queue in ("q", "other"):
        while world.worker().claim(10, queue=queue).more_ready:
            pass


def _parked(world: World) -> int:
    return sum(place.score == PARKED for (place,) in world.look().places.values())


async def test_all_are_released(world: World, redis: Redis) -> None:
    """Also those in a queue that no task names any more; a second call finds none."""
    assert _parked(world) == 1_000
    assert await release_parked(Parking(redis), ["q", "empty"]) == 1_000
    view = world.look()
    assert _parked(world) == 0
    assert (view.parked, view.parked_queues, view.parked_owners) == ({}, {}, set())
    assert await release_parked(Parking(redis), ["q", "empty"]) == 0


class Beside(Parking):
    """The same, beside a worker that parks again at once what a call has released."""

    def __init__(self, redis: Redis, world: World) -> None:
        super().__init__(redis)
        self._world = world

    async def release(self, queue: str, owners: Collection[str]) -> tuple[int, int]:
        """Release, and let the worker claim."""
        answer = await super().release(queue, owners)
        _park(self._world)
        return answer


async def test_it_ends_though_a_worker_parks_them_again(world: World, redis: Redis) -> None:
    """Once as many were released as there were in the beginning, to the next two hundred."""
    async with asyncio.timeout(20):
        amount = await release_parked(Beside(redis, world), ["q"])
    assert 1_000 <= amount < 1_400
    assert _parked(world) == 1_000
