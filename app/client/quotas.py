"""How many jobs somebody may have."""

from typing import Unpack

from app.client.request import Request, path_of
from app.client.shapes.quotas import Quota, QuotaChange
from app.client.transport import Transport


class Quotas:
    """Quotas. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def show(self, owner: str | None = None) -> Quota:
        """Say what one may have and has; for administrators also somebody else's."""
        return await self._transport.ask(
            Request(method="GET", path=path_of("quota"), query={"owner": owner}, is_repeatable=True), Quota
        )

    async def change(self, owner: str, **changes: Unpack[QuotaChange]) -> Quota:
        """Give somebody numbers of his own, None his tier's. For administrators."""
        return await self._transport.ask(
            Request(method="PATCH", path=path_of("quota", owner), body={**changes}, is_repeatable=True), Quota
        )
