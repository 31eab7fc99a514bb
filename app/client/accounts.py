"""Who asks: logging in and out, and one's own password."""

from app.client.request import Request, path_of
from app.client.shapes.accounts import LoggedIn, LoggedOut, Me, User
from app.client.transport import Transport


class Accounts:
    """One's own account. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def login(self, username: str, password: str) -> LoggedIn:
        """Begin a session; its token is the key of another client. Raises UnauthenticatedError."""
        body = {"username": username, "password": password}
        return await self._transport.ask(Request(method="POST", path=path_of("auth", "login"), body=body), LoggedIn)

    async def logout(self) -> LoggedOut:
        """End the session whose token this client has."""
        return await self._transport.ask(Request(method="POST", path=path_of("auth", "logout")), LoggedOut)

    async def me(self) -> Me:
        """Say who asks."""
        return await self._transport.ask(Request(method="GET", path=path_of("auth", "me"), is_repeatable=True), Me)

    async def change_password(self, current: str, new: str) -> User:
        """Give oneself another password; all one's sessions end."""
        body = {"current": current, "new": new}
        return await self._transport.ask(Request(method="POST", path=path_of("auth", "password"), body=body), User)
