"""Users, API keys, and who is logged in."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import TypedDict

from app.identity import Role


class UserView(TypedDict):
    """A user. His things carry his `id` as their owner."""

    id: str
    username: str
    role: Role
    disabled: bool
    created_at: datetime


class UserList(TypedDict):
    """A page of users, newest first; `next_cursor` leads to the next, null where there is none."""

    items: Sequence[UserView]
    next_cursor: str | None


class MeView(TypedDict):
    """Who asks. `id` is the owner of his things."""

    id: str
    username: str
    role: Role


class LoggedInView(TypedDict):
    """A session that has begun. `token` is for `Authorization: Bearer`, where no cookie is used; it is told once."""

    token: str
    expires_at: datetime
    user: UserView


class LoggedOutView(TypedDict):
    """The session has ended."""

    logged_in: bool


class KeyView(TypedDict):
    """An API key, without its text. `last_used_at` is up to two minutes behind; `expires_at` null is never."""

    id: str
    name: str
    user_id: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class NewKeyView(KeyView):
    """An API key that was made just now: `key` is its text, and told once."""

    key: str


class KeyList(TypedDict):
    """One's own keys, newest first. Those that have expired are shown for a month, or until they are revoked."""

    items: Sequence[KeyView]
    next_cursor: None
