"""The bodies and queries about users, keys and logins, of the same strictness as those of requests."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from app.identity import Role
from app.passwords import LONGEST, SHORTEST
from app.schemas.requests import Body, Cursor, PageSize, Word

_LONGEST_DAYS = 3650


def _plain(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds the character NUL; leave it out")
    return text


_PLAIN: dict[str, Any] = {"pattern": r"^[^\u0000]*$"}

Username = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9.@+-]{1,63}$",
        description="2 to 64 of the letters `a-z`, digits and `.@+-`; it stays.",
    ),
]
Password = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]
Days = Annotated[int, Field(ge=1, le=_LONGEST_DAYS)]


class LoginBody(Body):
    """POST /api/auth/login. Whatever was typed is taken, and compared."""

    username: Annotated[str, Field(max_length=LONGEST, json_schema_extra=_PLAIN), AfterValidator(_plain)]
    password: Annotated[str, Field(max_length=LONGEST)]


class KeyLoginForm(Body):
    """POST /login, with a key."""

    key: Annotated[str, Field(max_length=LONGEST)]


class PasswordBody(Body):
    """POST /api/auth/password."""

    current: Annotated[str, Field(max_length=LONGEST)]
    new: Password


class KeyBody(Body):
    """POST /api/auth/keys."""

    name: Word = Field(description="What it is for, to tell it from the other.")
    expires_in_days: Days | None = Field(365, description="Null: it holds until it is revoked.")


class UserBody(Body):
    """POST /api/users."""

    username: Username
    password: Password
    role: Role = Role.NORMAL


class UserChangeBody(Body):
    """PATCH /api/users/{id}. What is left out stays."""

    role: Role | None = None
    password: Password | None = Field(None, description="It ends the user's sessions.")
    disabled: bool | None = Field(None, description="True takes his sessions and keys away, at once and for good.")


class UsersQuery(Body):
    """GET /api/users."""

    model_config = ConfigDict(strict=False)

    limit: PageSize = 50
    cursor: Cursor | None = None
