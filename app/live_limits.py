"""The limits that are in force in this process, and how they change: everywhere within a second, or not at all."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from pydantic import ValidationError

from app.errors import PreconditionFailedError
from app.stores.limits import LimitsStore, StoredLimits
from jobs import codec
from jobs.audit import Actor
from jobs.errors import StoreUnavailableError
from ratelimit.document import LimitsDocument
from ratelimit.policy import Limits

_EVERY_S: Final = 0.4
_COMPARED_EVERY_S: Final = 5.0  # PostgreSQL and its copy
_FIRST_LOOK_S: Final = 1.0

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The limits, as numbers and as the document that says them; nobody has changed those of version 0."""

    version: int
    limits: Limits
    document: LimitsDocument
    changed_at: datetime | None = None
    changed_by: str | None = None


class LiveLimits:
    """Holds what is in force. PostgreSQL decides what that is; while it is away the copy in Redis counts.

    While both are away all stays as it is. A document that cannot be read, such as a later version's, is not taken.
    """

    def __init__(self, store: LimitsStore, *, given: LimitsDocument) -> None:
        """Take the limits of the settings."""
        self._store = store
        self._given = given
        self._in_force = InForce(version=0, limits=given.limits(), document=given)
        self._seen = StoredLimits(version=0)
        self._compared_at: float | None = None
        self._lock = asyncio.Lock()  # what was read before a change must not be taken after it

    @property
    def in_force(self) -> InForce:
        """What counts for the next request."""
        return self._in_force

    async def change(self, document: LimitsDocument, *, versions: Sequence[int] | None, by: Actor) -> InForce:
        """Replace one of these versions, any with None.

        Raises PreconditionFailedError where another is in force, and StoreUnavailableError without PostgreSQL.
        """
        async with self._lock:
            stored = await self._store.replace(document.model_dump(), versions=versions, by=by)
            if stored is None:
                self._take(await self._store.current())
                raise PreconditionFailedError(
                    f"version {self._in_force.version} is in force; read it, and send its ETag as If-Match"
                )
            self._take(stored)
            changed = self._in_force
            try:
                await self._store.copy()
            except StoreUnavailableError as error:
                log.warning("limits_not_copied", reason=str(error))
                self._compared_at = None  # or the next look would take the former copy, which is still there
            return changed

    async def begin(self) -> None:
        """Look for the first time; no longer than a moment, whatever the stores do."""
        try:
            async with asyncio.timeout(_FIRST_LOOK_S):
                await self._look()
        except TimeoutError:
            log.warning("limits_not_read")

    async def run(self) -> None:
        """Follow what others change, until cancelled."""
        while True:
            await self._look()
            await asyncio.sleep(_EVERY_S)

    async def _look(self) -> None:
        async with self._lock:
            found = await self._find()
            if found is not None:
                self._take(found)

    async def _find(self) -> StoredLimits | None:
        now_s = asyncio.get_running_loop().time()
        is_due = self._compared_at is None or now_s - self._compared_at >= _COMPARED_EVERY_S
        found = None
        try:
            found = None if is_due else await self._store.copied()
            if found is None:
                found = await self._store.copy()
                self._compared_at = now_s
        except StoreUnavailableError:
            found = await self._either()
        return found

    async def _either(self) -> StoredLimits | None:
        """Ask the stores one by one: one of them is away."""
        for ask in (self._store.current, self._store.copied):
            try:
                return await ask()
            except StoreUnavailableError:
                continue
        return None

    def _take(self, stored: StoredLimits) -> None:
        if stored == self._seen:
            return
        self._seen = stored
        try:
            document = self._read(stored)
        except ValidationError as error:
            log.error("limits_not_understood", version=stored.version, reason=str(error))  # noqa: TRY400
            return
        self._in_force = InForce(
            version=stored.version,
            limits=document.limits(),
            document=document,
            changed_at=stored.changed_at,
            changed_by=stored.changed_by,
        )
        log.info("limits_in_force", version=stored.version)

    def _read(self, stored: StoredLimits) -> LimitsDocument:
        if stored.document is None:
            return self._given
        return LimitsDocument.model_validate_json(codec.dumps(stored.document))
