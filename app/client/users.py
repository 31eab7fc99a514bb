"""Users. For administrators."""

from collections.abc import AsyncIterator
from typing import Unpack

from app.client.pages import items_of
from app.client.request import Request, path_of
from app.client.shapes.accounts import Role, User, UserChange
from app.client.transport import Transport


class Users:
    """Users. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, most: int | None = None) -> AsyncIterator[User]:
        """Give users, newest first, at most so many."""
        return items_of(self._transport, path_of("users"), User, most=most)

    async def add(self, username: str, password: str, *, role: Role = "normal") -> User:
        """Make a user."""
        body = {"username": username, "password": password, "role": role}
        return await self._transport.ask(Request(method="POST", path=path_of("users"), body=body), User)

    async def change(self, user_id: str, **changes: Unpack[UserChange]) -> User:
        """Give a user another role or password, or disable him for good."""
        return await self._transport.ask(
            Request(method="PATCH", path=path_of("users", user_id), body={**changes}, is_repeatable=True), User
        )
