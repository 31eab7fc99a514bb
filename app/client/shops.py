"""Shops' accounts on sales platforms."""

from collections.abc import AsyncIterator
from typing import Unpack

from app.client.pages import items_of
from app.client.request import Request, path_of
from app.client.shapes.shops import Shop, ShopChange, ShopFilter
from app.client.transport import Transport


class Shops:
    """Shops' accounts. All methods raise ClientErrors; all but `list` are for administrators."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, most: int | None = None, **wanted: Unpack[ShopFilter]) -> AsyncIterator[Shop]:
        """Give accounts, newest first, at most so many."""
        return items_of(self._transport, path_of("data-sync", "accounts"), Shop, most=most, **wanted)

    async def add(self, platform: str, shop_id: str, name: str, *, enabled: bool = True) -> Shop:
        """Enter an account; `name` is what people call the shop. ConflictError: it is there."""
        body = {"platform": platform, "shop_id": shop_id, "name": name, "enabled": enabled}
        return await self._transport.ask(Request(method="POST", path=path_of("data-sync", "accounts"), body=body), Shop)

    async def change(self, account_id: str, **changes: Unpack[ShopChange]) -> Shop:
        """Give a shop another name, or say whether it is enabled."""
        path = path_of("data-sync", "accounts", account_id)
        return await self._transport.ask(Request(method="PATCH", path=path, body={**changes}, is_repeatable=True), Shop)

    async def delete(self, account_id: str) -> Shop:
        """Delete an account; give what it was. Files and facts of the shop stay."""
        path = path_of("data-sync", "accounts", account_id)
        return await self._transport.ask(Request(method="DELETE", path=path), Shop)
