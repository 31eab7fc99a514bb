"""The `shops` table: accounts of shops on sales platforms. They log in nowhere; who may log in here is a user."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from jobs.audit import Action, Actor, Deed
from jobs.cache.cache import Cache
from jobs.cache.cached import cached
from jobs.cache.scopes import Scope
from jobs.errors import ConflictError, NotFoundError
from jobs.ids import new_job_id
from jobs.stores.audit import note
from jobs.stores.database import Connection, Database, Row
from jobs.stores.listing import Place
from jobs.stores.queries import load_queries

SHOPS = Scope(name="shops")

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_TTL_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A shop's account: `shop_id` is its name on the platform, and the two of them stay."""

    id: UUID
    platform: str
    shop_id: str
    name: str
    enabled: bool
    created_at: datetime
    changed_at: datetime

    @property
    def place(self) -> Place:
        """Its place in the list."""
        return Place(self.created_at, str(self.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopFilter:
    """Which shops to list; None takes all."""

    platform: str | None = None
    enabled: bool | None = None

    def takes(self, shop: Shop) -> bool:
        """Say whether a shop is one of them."""
        return self.platform in {None, shop.platform} and self.enabled in {None, shop.enabled}


class Shops:
    """All calls raise StoreUnavailableError where PostgreSQL is away. Each write is written down with who did it."""

    def __init__(self, database: Database, cache: Cache) -> None:
        self.cache = cache
        self._database = database

    async def page(self, wanted: ShopFilter, *, after: Place | None, limit: int) -> Sequence[Shop]:
        """List shops, newest first, those after this place."""
        shops = await self.all()
        return [shop for shop in shops if wanted.takes(shop) and (after is None or shop.place < after)][:limit]

    @cached(ttl_s=_TTL_S, key=(), scope=SHOPS)
    async def all(self) -> tuple[Shop, ...]:
        """Give all shops, newest first. There are as many as a company has."""
        return tuple(Shop(**row) for row in await self._database.fetch(_SQL["all"]))

    async def create(self, *, platform: str, shop_id: str, name: str, enabled: bool, by: Actor) -> Shop:
        """Enter a shop; raises ConflictError where the platform's shop is there."""
        async with self.cache.writing(SHOPS.name) as connection:
            row = await connection.fetch_row(_SQL["insert"], UUID(new_job_id()), platform, shop_id, name, enabled)
            if row is None:
                raise ConflictError(f"there is an account for shop {shop_id} of {platform} already; change that one")
            shop = Shop(**row)
            await _note(shop, Action.SHOP_CREATE, {"name": name, "enabled": enabled}, by, connection)
        return shop

    async def change(self, shop_id: UUID, *, name: str | None, enabled: bool | None, by: Actor) -> Shop:
        """Change a shop; what is None stays. Raises NotFoundError. What changes nothing is no deed."""
        async with self.cache.writing(SHOPS.name) as connection:
            before = _found(await connection.fetch_row(_SQL["lock"], shop_id), shop_id)
            changes = {
                word: new
                for word, new, old in (("name", name, before.name), ("enabled", enabled, before.enabled))
                if new not in {None, old}
            }
            if not changes:
                return before
            after = _found(await connection.fetch_row(_SQL["change"], shop_id, name, enabled), shop_id)
            await _note(after, Action.SHOP_CHANGE, changes, by, connection)
        return after

    async def delete(self, shop_id: UUID, *, by: Actor) -> Shop:
        """Delete a shop's account, and nothing that came from the shop; give it as it was. Raises NotFoundError."""
        async with self.cache.writing(SHOPS.name) as connection:
            shop = _found(await connection.fetch_row(_SQL["delete"], shop_id), shop_id)
            await _note(shop, Action.SHOP_DELETE, {"name": shop.name, "enabled": shop.enabled}, by, connection)
        return shop


def _found(row: Row | None, shop_id: UUID) -> Shop:
    if row is None:
        raise NotFoundError(f"there is no account {shop_id}")
    return Shop(**row)


async def _note(shop: Shop, action: Action, what: Mapping[str, Any], by: Actor, connection: Connection) -> None:
    details = {"platform": shop.platform, "shop_id": shop.shop_id, **what}
    await note(Deed(actor=by, action=action, object_id=str(shop.id), details=details), connection=connection)
