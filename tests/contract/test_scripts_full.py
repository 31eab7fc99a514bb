"""A Redis whose memory is full takes no new jobs, and empties by itself."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from redis.exceptions import OutOfMemoryError

from deploy.local.redis import RedisServer
from jobs import keys
from tests.support.protocol import LEASE_MS, World, opened
from tests.support.protocol_words import End, Spec

JOBS = 2_000
PAYLOAD = "x" * 500


@pytest.fixture
def full() -> Iterator[World]:
    """Give a Redis of the test's own that is full of jobs of an owner who may run fifty at once."""
    folder = Path(tempfile.mkdtemp(prefix="switchyard-full-"))
    try:
        with RedisServer(folder, durable=False) as server, opened(server.url) as world:
            world.limit("ann", 50)
            for first in range(0, JOBS, 200):
                world.enqueue(*(Spec(f"j{first + index}", payload=PAYLOAD) for index in range(200)))
            memory = cast(dict[str, int], world.redis.info("memory"))
            # Clearly less than it has: its buffer for what was put in counts, and is made small a moment later.
            world.redis.config_set("maxmemory", memory["used_memory"] * 9 // 10)
            yield world
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_it_drains_to_the_last_job(full: World) -> None:
    """Claims, ends, renewals, retries, hand-backs, limits and sweeps all go through; submissions do not."""
    with pytest.raises(OutOfMemoryError):
        full.enqueue(Spec("new", payload=PAYLOAD))
    assert full.score_of("new") is None
    worker = full.worker()
    first, second, *others = worker.claim(60).jobs
    assert full.renew("w1", first, *others) == ["ok"] * 49
    assert full.retry(first) == "ok"
    assert full.hand_back(second) == ["ok"]
    full.limit("ann", 60)
    full.sweep()
    ended, held = 0, others
    while held:
        claim = worker.claim(100, ends=[End(job, result="x" * 200) for job in held])
        assert claim.answers == ["ok"] * len(held)
        ended, held = ended + len(held), claim.jobs
    assert ended == JOBS
    view = full.look()
    assert not view.queues
    assert not view.jobs
    assert not view.parked
    assert len(view.events) == JOBS * 3 + 5


def test_lost_leases_come_back_in_it(full: World) -> None:
    """A worker that dies meanwhile costs its lease, as ever."""
    lost = full.worker().claim(5).ids
    full.redis.config_set("maxmemory", 0)  # the test's clock is a key too
    full.sleep_alive(LEASE_MS + 1)
    full.redis.config_set("maxmemory", 1_000_000)
    assert full.worker("w2").claim(5).ids == lost


def test_it_takes_jobs_again_when_it_has_drained(full: World) -> None:
    """Once the events are read, what is left is less than what was there."""
    worker = full.worker()
    ends: list[End] = []
    while (jobs := worker.claim(100, ends=ends).jobs) or ends:  # whom the ends have made room for, the next one takes
        ends = [End(job, keep=0) for job in jobs]
    assert not full.look().jobs
    full.redis.xtrim(keys.EVENTS, maxlen=0)
    assert full.enqueue(Spec("new", payload=PAYLOAD)) == ["queued"]
