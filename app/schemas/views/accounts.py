"""What the API shows of users and their keys. Never anything that would let somebody in, but what was made just now."""

from app.login import LoggedIn
from app.schemas.shapes.accounts import KeyView, LoggedInView, NewKeyView, UserView
from app.stores.credentials import ApiKey
from app.stores.users import User


def user_view(user: User) -> UserView:
    """Show a user."""
    return {
        "id": user.id,
        "username": user.username,
        "role": user.role,
        "disabled": user.is_disabled,
        "created_at": user.created_at,
    }


def key_view(key: ApiKey) -> KeyView:
    """Show a key."""
    return {
        "id": key.id,
        "name": key.name,
        "user_id": key.user_id,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
    }


def new_key_view(key: ApiKey, text: str) -> NewKeyView:
    """Show a new key with its text."""
    return {**key_view(key), "key": text}


def logged_in_view(login: LoggedIn) -> LoggedInView:
    """Show a new session with its token."""
    return {"token": login.token, "expires_at": login.expires_at, "user": user_view(login.user)}
