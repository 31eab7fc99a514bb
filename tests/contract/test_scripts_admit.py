"""Places for jobs on their way in: as many as the owner's own number gives him, judged where they are counted."""

from jobs import keys
from tests.support.protocol import World
from tests.support.protocol_words import Spec


def admit_all(world: World, owner: str, batch: str, amount: int) -> str:
    """Take places for a batch."""
    return str(world.run("admit_all", 0, owner, batch, amount))


def test_who_has_no_number_of_his_own_has_everybody_s(world: World) -> None:
    """His own counts where he has one, also if it is none at all."""
    world.allow("*", 2)
    world.allow("bob", 0)
    world.allow("cat", 3)
    assert world.admit(*((f"a{n}", "ann") for n in range(3))) == ["ok:1", "ok:0", "quota:0:2"]
    assert world.admit(("b", "bob")) == ["quota:0:0"]
    assert world.admit(*((f"c{n}", "cat") for n in range(4))) == ["ok:2", "ok:1", "ok:0", "quota:0:3"]
    world.allow("cat", None)
    assert world.admit(("c", "cat")) == ["quota:0:2"]


def test_a_number_counts_from_the_next_question_on(world: World) -> None:
    """Raised or lowered; what is there already stays."""
    world.allow("*", 100)
    world.allow("ann", 2)
    world.enqueue(Spec("a"), Spec("b"))
    assert world.admit(("c", "ann")) == ["quota:0:2"]
    world.allow("ann", 3)
    assert world.admit(("c", "ann")) == ["ok:0"]
    world.allow("ann", 1)
    assert world.admit(("d", "ann")) == ["quota:0:1"]
    assert set(world.look().unfinished["ann"]) == {"a", "b"}


def test_a_redis_that_has_lost_the_numbers_admits_nobody(world: World) -> None:
    """Nor one that has some of them: everybody's is written last."""
    world.allow("ann", 5)
    assert world.admit(("a", "ann"), ("b", "bob")) == ["unknown", "unknown"]
    assert admit_all(world, "ann", "b1", 2) == "unknown"
    assert not world.look().reserved


def test_a_batch_counts_whole(world: World) -> None:
    """All of its places or none, beside those of others that are on their way; the answer says how many are free."""
    world.allow("*", 10)
    assert world.admit(("a", "ann")) == ["ok:9"]
    assert admit_all(world, "ann", "b1", 10) == "quota:9:10"
    assert admit_all(world, "ann", "b1", 6) == "ok:3"
    assert admit_all(world, "ann", "b2", 4) == "quota:3:10"
    assert world.admit(("c", "ann")) == ["ok:2"]


def test_a_job_is_not_refused_for_its_own_place(world: World) -> None:
    """Whoever had no answer asks for it again, in line or on its way: that takes no other place, and keeps this one."""
    world.allow("*", 2)
    world.enqueue(Spec("a"))
    assert world.admit(("b", "ann")) == ["ok:0"]
    world.sleep(20_000)
    assert world.admit(("a", "ann"), ("b", "ann"), ("c", "ann")) == ["ok:0", "ok:0", "quota:0:2"]
    world.sleep(20_000)
    assert world.admit(("c", "ann")) == ["quota:0:2"]
    assert world.run("usage", "ann") == [2, 0]
    world.sleep(10_000)
    assert world.admit(("c", "ann"), ("b", "ann")) == ["ok:0", "quota:0:2"]


def test_usage_counts_what_is_there_and_what_is_on_its_way(world: World) -> None:
    """Not the places of the dead; and those that run under a lease apart."""
    world.allow("*", 10)
    world.enqueue(Spec("a"), Spec("b"))
    world.worker().take("a")
    world.admit(("c", "ann"))
    admit_all(world, "ann", "b1", 3)
    assert world.run("usage", "ann") == [6, 1]
    world.sleep(31_000)
    assert world.run("usage", "ann") == [2, 0]
    assert world.run("usage", "bob") == [0, 0]


def test_many_owners_are_told_at_once(world: World) -> None:
    """Each with both numbers, and who waits for it goes on; one without numbers has everybody's again."""
    for owner in ("ann", "bob"):
        world.limit(owner, 0)
    world.limit("*", 1)
    world.enqueue(Spec("a"), Spec("b", owner="bob"), Spec("c", owner="bob"))
    assert world.worker().claim(9).jobs == []
    world.run("limit", "ann", 5, 7, "bob", "", "")
    assert world.redis.hgetall(keys.LIMITS) == {"*": "1", "ann": "5"}
    assert world.redis.hgetall(keys.PLACES) == {"ann": "7"}
    assert sorted(world.worker().claim(9).ids) == ["a", "b"]
