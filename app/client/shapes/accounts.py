"""Users, API keys, and who is logged in."""

from typing import Literal, TypedDict

Role = Literal["admin", "premium", "normal"]


class User(TypedDict):
    """A user. His things carry his `id` as their owner."""

    id: str
    username: str
    role: Role
    disabled: bool
    created_at: str


class UserChange(TypedDict, total=False):
    """What is to become of a user; what is left out stays. Disabled is for good, and takes his sessions and keys."""

    role: Role
    password: str
    disabled: bool


class Me(TypedDict):
    """Who asks. `id` is the owner of his things."""

    id: str
    username: str
    role: Role


class LoggedIn(TypedDict):
    """A session that has begun. `token` is told once."""

    token: str
    expires_at: str
    user: User


class LoggedOut(TypedDict):
    """The session has ended."""

    logged_in: bool


class Key(TypedDict):
    """An API key, without its text. `last_used_at` is up to two minutes behind; `expires_at` None is never."""

    id: str
    name: str
    user_id: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None


class NewKey(Key):
    """An API key that was made just now: `key` is its text, and told once."""

    key: str
