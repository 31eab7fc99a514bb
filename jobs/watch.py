"""Compares each second what the two stores know of each other, so that a loss is noticed and made good at once."""

import asyncio
from enum import StrEnum

import structlog

from jobs import keys
from jobs.errors import StoreUnavailableError, UnfitRedisError
from jobs.loops import Rounds
from jobs.rebuild import Rebuilder
from jobs.stores.mark import Found, Mark
from jobs.stores.site import Beat, Site, SiteStore

_EVERY_S = 1.0
# A worker that has reached Redis again claims two seconds later. What is wrong with that Redis has to be known by then.
_AGAIN_S = 0.2

log = structlog.stdlib.get_logger(__name__)


class Loss(StrEnum):
    """Why Redis and PostgreSQL may not agree."""

    FLUSHED = "flushed"  # Redis has lost everything, or is new
    ROLLED_BACK = "rolled_back"  # Redis is as it was some time ago
    REPLACED = "replaced"  # Redis was started anew, or is another server: its last second may be missing
    RESTORED = "restored"  # PostgreSQL is as it was some time ago
    UNFINISHED = "unfinished"  # a steward was making good a loss, and has not come to an end


class Watch:
    """A loop that any number of stewards run; the one with the lease acts."""

    def __init__(self, *, site: SiteStore, mark: Mark, rebuilder: Rebuilder) -> None:
        self._site = site
        self._mark = mark
        self._rebuilder = rebuilder
        self._rounds = Rounds()

    @property
    def came_round(self) -> float | None:
        """When it last got on, by the monotonic clock: also where a store was away. None: it has not begun."""
        at, went_on = self._rounds.at, self._rebuilder.went_on
        return at if at is None or went_on is None or self._rounds.is_broken else max(at, went_on)

    async def begin(self) -> None:
        """Wait for both stores. Raises UnfitRedisError where this Redis is another site's."""
        is_away = False
        while True:
            with self._rounds.round():
                try:
                    return refuse_foreign(await self._site.enter(), await self._mark.read())
                except StoreUnavailableError as error:
                    if not is_away:
                        log.warning("stewardship_awaits_stores", reason=str(error))
                    is_away = True
            await asyncio.sleep(_AGAIN_S)

    async def run(self) -> None:
        """Compare until cancelled; raises UnfitRedisError. A store that is away is no reason to stop."""
        is_away = False
        while True:
            with self._rounds.round():
                try:
                    await self.look()
                    is_away = False
                except StoreUnavailableError as error:
                    if not is_away:
                        log.warning("stores_not_compared", reason=str(error))
                    is_away = True
            await asyncio.sleep(_AGAIN_S if is_away else _EVERY_S)

    async def look(self) -> Loss | None:
        """Compare once, and make good what was lost; give what that was."""
        found = await self._mark.read()
        beat = await self._site.tick()
        if beat is None:
            return None
        loss = loss_of(beat, found)
        if loss is None:
            await self._mark.stamp(beat.site.tick, found.server)
        else:
            log.warning("redis_being_rebuilt", reason=loss.value)
            await self._rebuilder.rebuild(beat, found)
        return loss

    async def close(self) -> None:
        """Leave the lease to others."""
        try:
            await self._site.leave()
        except StoreUnavailableError as error:
            log.warning("lease_not_given_up", reason=str(error))


def loss_of(beat: Beat, found: Found) -> Loss | None:
    """Judge the marks. Raises UnfitRedisError. A false alarm, as after a crash between two writes, does no harm."""
    refuse_foreign(beat.site, found)
    if found.epoch is None:
        return Loss.FLUSHED
    if beat.site.rebuilt_at is None and beat.site.epoch == found.epoch:
        return Loss.UNFINISHED
    if found.epoch != beat.site.epoch or found.tick is None or found.tick < beat.former_tick:
        return Loss.ROLLED_BACK
    if found.tick > beat.former_tick:
        return Loss.RESTORED
    return Loss.REPLACED if found.server != beat.site.redis else None


def refuse_foreign(site: Site, found: Found) -> None:
    """Raise UnfitRedisError where a Redis has the marks of another site."""
    if found.epoch is not None and found.epoch.partition(":")[0] != site.site_id:
        raise UnfitRedisError(
            f"it belongs to another site ({found.epoch.partition(':')[0]}) than the database at DATABASE_URL "
            f"({site.site_id}); if it really is to be this one's from now on, delete the key {keys.EPOCH}"
        )
