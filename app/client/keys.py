"""One's own API keys."""

from collections.abc import Sequence

from app.client.pages import all_of
from app.client.request import Request, path_of
from app.client.shapes.accounts import Key, NewKey
from app.client.transport import Transport


class Keys:
    """API keys. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> Sequence[Key]:
        """Give one's own keys, newest first, without their texts."""
        return await all_of(self._transport, path_of("auth", "keys"), Key)

    async def add(self, name: str, *, expires_in_days: int | None = 365) -> NewKey:
        """Make one, which holds for so long, with None until it is revoked; its text is told here and never again."""
        body = {"name": name, "expires_in_days": expires_in_days}
        return await self._transport.ask(Request(method="POST", path=path_of("auth", "keys"), body=body), NewKey)

    async def revoke(self, key_id: str) -> Key:
        """Let a key let nobody in any more."""
        return await self._transport.ask(Request(method="DELETE", path=path_of("auth", "keys", key_id)), Key)
