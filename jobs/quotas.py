"""Who may have how many jobs. PostgreSQL keeps it, so that an emptied Redis does not let everybody have any number."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import structlog

from jobs.admit import CREDIT_S, PLENTY
from jobs.audit import Action, Actor, Deed
from jobs.errors import InvalidInputError, Mistake, NotFoundError, StoreUnavailableError
from jobs.model import SYSTEM_OWNERS
from jobs.quota import DEFAULT_TIER, Grant, Overrides, Standing, Tier
from jobs.stores.audit import note
from jobs.stores.database import Connection, Database
from jobs.stores.quotas import QuotaStore

_EVERY_S = 15.0

log = structlog.stdlib.get_logger(__name__)


class Quotas:
    """The one way to change what owners may have; also the loop by which the stewards keep Redis' copy right."""

    def __init__(self, store: QuotaStore, *, database: Database) -> None:
        self._store = store
        self._database = database

    async def set(
        self, owner: str, tier: Tier, overrides: Overrides | None = None, *, connection: Connection | None = None
    ) -> None:
        """Let an owner have what a tier gives him; None leaves numbers of his own as they are.

        In the caller's transaction, who then calls `tell` once it is committed; without one it is done at once. Whoever
        calls notes the deed. Raises InvalidInputError for an owner who has no limits by his nature, and
        StoreUnavailableError where PostgreSQL is away.
        """
        if owner in SYSTEM_OWNERS:
            raise InvalidInputError([Mistake(pointer="/owner", detail=f"{owner} has no limits")])
        if connection is None:
            async with self._database.transaction() as own:
                await self._set(owner, tier, overrides, connection=own)
            await self.tell(owner)
        else:
            await self._set(owner, tier, overrides, connection=connection)

    async def tell(self, owner: str) -> None:
        """Let what is written of an owner be in force: in every process when this is over. Who may go on is woken.

        Where many places are to become fewer that takes a second: so long web processes give out some by themselves.
        While Redis is away nothing starts anyway; the stewards tell it when it is back.
        """
        try:
            before = await self._store.told(owner)
            await self._store.tell([owner])
            if before is not None and before >= PLENTY and (await self._store.told(owner) or 0) < before:
                await asyncio.sleep(CREDIT_S)
        except StoreUnavailableError as error:
            log.warning("quota_not_copied", owner=owner, reason=str(error))

    async def override(self, owner: str, changes: Mapping[str, int | None], *, by: Actor) -> Standing:
        """Give an owner numbers of his own in place of his tier's, or with None take them from him.

        `changes` name fields of Overrides; the others stay. Raises NotFoundError where nothing is written of him, and
        StoreUnavailableError where PostgreSQL is away.
        """
        async with self._database.transaction() as connection:
            before = await self._store.locked(owner, connection=connection)
            if before is None:
                raise NotFoundError(f"there is no owner {owner} whose quota is kept")
            overrides = replace(before.overrides, **changes)
            if before.overrides != overrides:
                await self._store.override(owner, overrides, connection=connection)
                await note(_deed(before, overrides, by), connection=connection)
        await self.tell(owner)
        return await self._standing(replace(before, overrides=overrides))

    async def of(self, owner: str) -> Standing:
        """Give what an owner may have and has; one of whom nothing is written has what `jobs.quota.DEFAULT_TIER` gives.

        Raises StoreUnavailableError where PostgreSQL is away.
        """
        return await self._standing(await self._store.get(owner) or Grant(owner=owner, tier=DEFAULT_TIER))

    async def of_other(self, owner: str) -> Standing:
        """Give the same of somebody; raises NotFoundError where nothing is written of him."""
        grant = await self._store.get(owner)
        if grant is None:
            raise NotFoundError(f"there is no owner {owner} whose quota is kept")
        return await self._standing(grant)

    async def run(self) -> None:
        """Keep Redis' copy right until cancelled."""
        while True:
            try:
                await self._store.copy()
            except StoreUnavailableError as error:
                log.warning("quotas_not_copied", reason=str(error))
            await asyncio.sleep(_EVERY_S)

    async def copy(self) -> None:
        """Make Redis' copy right now. Raises StoreUnavailableError."""
        await self._store.copy()

    async def _set(self, owner: str, tier: Tier, overrides: Overrides | None, *, connection: Connection) -> None:
        await self._store.assign(owner, tier, connection=connection)
        if overrides is not None:
            await self._store.override(owner, overrides, connection=connection)

    async def _standing(self, grant: Grant) -> Standing:
        """While Redis is away, PostgreSQL counts."""
        try:
            usage = await self._store.usage(grant.owner)
        except StoreUnavailableError:
            usage = await self._store.usage_written(grant.owner)
        return Standing(grant=grant, quota=self._store.tiers.of(grant), usage=usage)


def _deed(before: Grant, overrides: Overrides, by: Actor) -> Deed:
    old = before.overrides
    details = {
        "max_running": overrides.max_running,
        "max_waiting": overrides.max_waiting,
        "before": {"max_running": old.max_running, "max_waiting": old.max_waiting},
    }
    return Deed(actor=by, action=Action.QUOTA_CHANGE, object_id=before.owner, details=details)
