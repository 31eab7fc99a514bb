"""Groups: who comes alone leaves at once, who comes while others are under way travels together."""

import asyncio
from collections.abc import Sequence

import pytest

from jobs.group_commit import GroupCommit


class Road:
    """Notes the groups that left; each arrives when it is let through."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gates: list[asyncio.Event] = []

    async def carry(self, group: Sequence[int]) -> list[str | Exception]:
        """Give twice each number as text; an odd one is refused."""
        gate = asyncio.Event()
        self.groups.append(list(group))
        self.gates.append(gate)
        await gate.wait()
        return [ValueError(str(item)) if item % 2 else str(2 * item) for item in group]


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_comes_at_once_travels_together_and_the_rest_waits_for_room() -> None:
    """The first group is of one turn of the loop; the next leave when one has arrived, none larger than allowed."""
    road = Road()
    group: GroupCommit[int, str] = GroupCommit(road.carry, most=3, abreast=1)
    first = [asyncio.create_task(group.join(item)) for item in (0, 2)]
    await _settle()
    later = [asyncio.create_task(group.join(item)) for item in (4, 6, 8, 10)]
    await _settle()
    assert road.groups == [[0, 2]]
    road.gates[0].set()
    assert await asyncio.gather(*first) == ["0", "4"]
    await _settle()
    assert road.groups == [[0, 2], [4, 6, 8]]
    road.gates[1].set()
    await _settle()
    assert road.groups == [[0, 2], [4, 6, 8], [10]]
    road.gates[2].set()
    assert await asyncio.gather(*later) == ["8", "12", "16", "20"]


async def test_so_many_groups_are_under_way_at_once() -> None:
    """With room for two the second does not wait for the first."""
    road = Road()
    group: GroupCommit[int, str] = GroupCommit(road.carry, most=1, abreast=2)
    waiting = [asyncio.create_task(group.join(item)) for item in (0, 2, 4)]
    await _settle()
    assert road.groups == [[0], [2]]
    road.gates[1].set()
    await _settle()
    assert road.groups == [[0], [2], [4]]
    for gate in road.gates:
        gate.set()
    assert await asyncio.gather(*waiting) == ["0", "4", "8"]


async def test_beside_another_group_one_waits_a_turn_for_company() -> None:
    """One that is alone does not: nothing is won by that."""
    road = Road()
    group: GroupCommit[int, str] = GroupCommit(road.carry, most=9, abreast=2)

    async def come(*items: int) -> list[asyncio.Task[str]]:
        tasks = []
        for item in items:  # one each turn
            tasks.append(asyncio.create_task(group.join(item)))
            await asyncio.sleep(0)
        return tasks

    waiting = await come(0, 2, 4)
    await _settle()
    assert road.groups == [[0], [2, 4]]
    for gate in road.gates:
        gate.set()
    assert await asyncio.gather(*waiting) == ["0", "4", "8"]


async def test_each_gets_its_own_outcome_and_a_failed_group_fails_all_of_it() -> None:
    """An exception in an item's place is raised to its caller alone; one of the whole call to all."""
    road = Road()
    group: GroupCommit[int, str] = GroupCommit(road.carry, most=9)
    waiting = [asyncio.create_task(group.join(item)) for item in (2, 3)]
    await _settle()
    road.gates[0].set()
    good, bad = await asyncio.gather(*waiting, return_exceptions=True)
    assert good == "4"
    assert isinstance(bad, ValueError)

    async def broken(_: Sequence[int]) -> list[str | Exception]:
        raise LookupError("all")

    other: GroupCommit[int, str] = GroupCommit(broken, most=9)
    for outcome in await asyncio.gather(other.join(1), other.join(2), return_exceptions=True):
        assert isinstance(outcome, LookupError)


async def test_a_caller_who_goes_away_harms_nobody() -> None:
    """Its item travels on, and the others of the group get what is theirs."""
    road = Road()
    group: GroupCommit[int, str] = GroupCommit(road.carry, most=9)
    gone, stays = (asyncio.create_task(group.join(item)) for item in (0, 2))
    await _settle()
    gone.cancel()
    road.gates[0].set()
    assert await stays == "4"
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert road.groups == [[0, 2]]
