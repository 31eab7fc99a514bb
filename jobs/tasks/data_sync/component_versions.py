"""The `component_versions` table: which version of what reads and loads is in use, by whom it is noted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from jobs.audit import Action, Actor, Deed
from jobs.cache.cache import Cache
from jobs.cache.cached import cached
from jobs.cache.scopes import Scope
from jobs.context import Site
from jobs.errors import ConflictError, NotFoundError
from jobs.ids import new_job_id
from jobs.stores.audit import note
from jobs.stores.database import Connection, Database, Row
from jobs.stores.listing import Place
from jobs.stores.queries import load_queries

_TAG = "component-version-written"
COMPONENT_VERSIONS = Scope(name="component-versions", depends_on=(_TAG,))
ACTIVE_VERSIONS = Scope(name="active-versions", depends_on=(_TAG,))

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_TTL_S = 300


class VersionStatus(StrEnum):
    """Whether a version may be used."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentVersion:
    """A version of a component; the two of them stay."""

    id: UUID
    component: str
    version: str
    status: VersionStatus
    notes: str
    created_at: datetime
    changed_at: datetime

    @property
    def place(self) -> Place:
        """Its place in the list."""
        return Place(self.created_at, str(self.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFilter:
    """Which versions to list; None takes all."""

    component: str | None = None
    status: VersionStatus | None = None

    def takes(self, version: ComponentVersion) -> bool:
        """Say whether a version is one of them."""
        return self.component in {None, version.component} and self.status in {None, version.status}


class ComponentVersions:
    """All calls raise StoreUnavailableError where PostgreSQL is away. Each write is written down with who did it."""

    def __init__(self, database: Database, cache: Cache) -> None:
        self.cache = cache
        self._database = database

    async def page(self, wanted: VersionFilter, *, after: Place | None, limit: int) -> Sequence[ComponentVersion]:
        """List versions, newest first, those after this place."""
        versions = await self.all()
        taken = [one for one in versions if wanted.takes(one) and (after is None or one.place < after)]
        return taken[:limit]

    @cached(ttl_s=_TTL_S, key=(), scope=COMPONENT_VERSIONS)
    async def all(self) -> tuple[ComponentVersion, ...]:
        """Give all versions, newest first. There are as many as somebody has written down."""
        return tuple(_version(row) for row in await self._database.fetch(_SQL["all"]))

    @cached(ttl_s=_TTL_S, key=("component",), scope=ACTIVE_VERSIONS)
    async def active(self, component: str) -> str | None:
        """Give a component's active version, of several the one entered last; None where it has none."""
        row = await self._database.fetch_row(_SQL["active"], component)
        return None if row is None else str(row["version"])

    async def create(
        self, *, component: str, version: str, status: VersionStatus, notes: str, by: Actor
    ) -> ComponentVersion:
        """Enter a version; raises ConflictError where the component has it."""
        async with self.cache.writing(_TAG) as connection:
            row = await connection.fetch_row(_SQL["insert"], UUID(new_job_id()), component, version, status, notes)
            if row is None:
                raise ConflictError(f"there is a version {version} of {component} already; change that one")
            entered = _version(row)
            await _note(entered, Action.COMPONENT_VERSION_CREATE, {"status": status}, by, connection)
        return entered

    async def change(
        self, version_id: UUID, *, status: VersionStatus | None, notes: str | None, by: Actor
    ) -> ComponentVersion:
        """Change a version; what is None stays. Raises NotFoundError. What changes nothing is no deed."""
        async with self.cache.writing(_TAG) as connection:
            before = _found(await connection.fetch_row(_SQL["lock"], version_id), version_id)
            changes = {
                word: new
                for word, new, old in (("status", status, before.status), ("notes", notes, before.notes))
                if new not in {None, old}
            }
            if not changes:
                return before
            after = _found(await connection.fetch_row(_SQL["change"], version_id, status, notes), version_id)
            await _note(after, Action.COMPONENT_VERSION_CHANGE, changes, by, connection)
        return after


async def active_version(site: Site, component: str) -> str | None:
    """Give the active version of a component, as a task asks for it (`context.site`); None where it has none.

    Raises StoreUnavailableError where it is not cached and PostgreSQL is away.
    """
    return await ComponentVersions(site.database, site.cache).active(component)


def _found(row: Row | None, version_id: UUID) -> ComponentVersion:
    if row is None:
        raise NotFoundError(f"there is no component version {version_id}")
    return _version(row)


def _version(row: Row) -> ComponentVersion:
    return ComponentVersion(**{**row, "status": VersionStatus(row["status"])})


async def _note(
    version: ComponentVersion, action: Action, what: Mapping[str, Any], by: Actor, connection: Connection
) -> None:
    details = {"component": version.component, "version": version.version, **what}
    await note(Deed(actor=by, action=action, object_id=str(version.id), details=details), connection=connection)
