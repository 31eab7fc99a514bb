"""Ids that strangers have made: each job of theirs runs once, or is put aside where nobody can name it."""

import random

import pytest

from jobs import keys
from jobs.scoring import QUARANTINE
from tests.support.protocol import LEASE_MS, START_MS, World
from tests.support.protocol_words import End, Spec

PAYLOAD = '{"t":null,"f":"any","a":[],"k":{},"et":1}'

ODD = (
    *("", " ", "a b", "a=5", "a=5 b=6", "=", "|", "a|b|", "a\nb", "a\x00b", "\x00", "%S+", "5:1:x", "é 5:1:y"),
    *("𝄞", "a:b:c"),
)
BAD = (
    *(b"\xff\xfe", b"a\x80", b"\xc3", b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"),
    b"\xf0\x9d\x84",
)
BYTES = b"\x00A\x7f\x80\x8f\x90\x9f\xa0\xbf\xc2\xdf\xe0\xe1\xed\xee\xf0\xf1\xf4\xf5"


def submit(world: World, *ids: str | bytes, at: float = START_MS) -> None:
    """Put entries in by bare commands."""
    for job_id in ids:
        name = job_id if isinstance(job_id, bytes) else job_id.encode()
        world.redis.set(keys.PAYLOAD.encode() + name, PAYLOAD)
        world.redis.zadd(keys.queue("q"), {name: at})


def is_aside(world: World, job_id: bytes) -> bool:
    """Say whether an entry is in quarantine."""
    return world.redis.zscore(keys.queue("q"), job_id) == QUARANTINE


def is_text(job_id: bytes) -> bool:
    """Say what Python does."""
    try:
        job_id.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("lost", ["reply", "renewals", "nothing"])
def test_an_odd_id_is_given_out_once(world: World, lost: str) -> None:
    """Again only to who has not heard the answer, whose lease is kept meanwhile; and it ends like any other."""
    submit(world, *ODD)
    worker = world.worker()
    jobs = worker.claim(len(ODD), request="1-0").jobs
    assert sorted(held.id for held in jobs) == sorted(ODD)
    if lost == "renewals":
        for _ in range(6):
            world.sleep(LEASE_MS // 3)
            world.renew("w1", asked=[("q", "1-0")])
    if lost != "nothing":
        assert sorted(worker.claim(len(ODD), request="1-0").jobs) == sorted(jobs)
    assert world.worker("w2").claim(len(ODD)).jobs == []
    assert set(world.renew("w1", *jobs)) == {"ok"}
    assert set(world.finish(*map(End, jobs))) == {"ok"}
    view = world.look()
    assert not view.queues
    assert not view.jobs
    assert view.results.keys() == set(ODD)


@pytest.mark.parametrize("score", [-5.0, 0.0, 1.0, START_MS, 7e15])
@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_an_id_that_is_no_text_is_put_aside(world: World, bad: bytes, score: float) -> None:
    """Once, for good, wherever it stood; those behind it run, and nothing is told of it."""
    submit(world, bad, at=score)
    submit(world, "good")
    assert world.worker().claim(5).ids == ["good"]
    assert is_aside(world, bad)
    world.sleep_alive(LEASE_MS * 2)
    assert world.worker("w2").claim(5).ids == ["good"]
    assert is_aside(world, bad)
    view = world.look()
    assert view.jobs.keys() == {"good"}
    assert {event["id"] for event in view.events} == {"good"}


def test_what_is_a_text_is_judged_as_python_does(world: World) -> None:
    """Of five hundred random ids, and of characters at the ends of each range."""
    chance = random.Random(7)  # noqa: S311  no secret
    ids = {bytes(chance.choices(BYTES, k=chance.randint(1, 6))) for _ in range(500)}
    ids |= {chr(code).encode() for code in (0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF)}
    submit(world, *ids)
    worker, taken = world.worker(), set[bytes]()
    for _ in range(10):
        taken |= {job_id.encode() for job_id in worker.claim(200).ids}
    assert taken == set(filter(is_text, ids))
    assert 0 < len(taken) < len(ids)
    assert all(is_aside(world, job_id) for job_id in ids - taken)


def test_the_abort_of_what_cannot_be_named_is_dropped(world: World) -> None:
    """It is put aside; what else is to be aborted ends."""
    bad = BAD[0]
    submit(world, bad, "s")
    world.redis.zadd(keys.ABORT, {bad: START_MS, b"s": START_MS + 1})
    world.tick()
    assert world.worker().claim().jobs == []
    view = world.look()
    assert is_aside(world, bad)
    assert [(event["id"], event["state"]) for event in view.events] == [("s", "cancelled")]
    assert keys.ABORT not in view.keys


@pytest.mark.parametrize("state", ["queued", "running"])
def test_what_an_earlier_release_has_taken_over_is_put_aside(world: World, state: str) -> None:
    """Its workers ended there; those of this one do not."""
    bad = BAD[0]
    submit(world, "s")
    world.worker().take("s")
    world.redis.hset(keys.JOB + "s", "st", state)
    for kind in (keys.JOB, keys.PAYLOAD):
        world.redis.rename(kind + "s", kind.encode() + bad)
    world.redis.delete(keys.queue("q"))
    world.redis.zadd(keys.queue("q"), {bad: START_MS - 1 if state == "running" else -5})
    world.enqueue(Spec("good"))
    world.sleep_alive(LEASE_MS + 1)
    world.look()
    assert world.worker("w2").claim(5).ids == ["good"]
    assert is_aside(world, bad)


def test_a_task_whose_name_has_the_mark_between_tasks_is_unknown(world: World) -> None:
    """Though two that stand side by side are spelt like it."""
    world.enqueue(Spec("j", task="a|b"))
    assert world.worker(tasks=("a", "b")).claim().jobs == []
    assert world.hash_of("j")["why"] == "unknown_task"
