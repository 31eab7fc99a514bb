"""Puts all parked jobs back in line, whatever the limits of their owners: the step before stock workers take over."""

from collections.abc import Iterable

from jobs.stores.parking import Parking


async def release_parked(parking: Parking, queues: Iterable[str]) -> int:
    """Release what is parked in these queues and in all others where an owner is known to have parked jobs.

    Gives how many jobs those were. What is parked meanwhile, by a Switchyard worker that still claims, may stay parked:
    it ends in any case. Raises StoreUnavailableError; a second call does the rest.
    """
    owners = await parking.owners()
    total = 0
    for queue in dict.fromkeys((*queues, *owners)):
        total += await _release(parking, queue, owners.get(queue, ()))
    return total


async def _release(parking: Parking, queue: str, owners: Iterable[str]) -> int:
    known = tuple(owners)
    total, left = await parking.release(queue, known)
    wanted = total + left
    while left and total < wanted:
        released, left = await parking.release(queue, known)
        total += released
    return total
