"""Users and their API keys: every rule of who may change what of them, in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.auth import Authenticator
from app.identity import ADMIN, RESERVED_NAMES, Identity, Role
from app.passwords import Passwords
from app.stores.credentials import ApiKey, CredentialStore
from app.stores.users import Change, NewUser, User, UserStore
from app.tokens import Kind, is_id, new_token, new_user_id
from jobs.audit import Actor
from jobs.errors import ConflictError, InvalidInputError, Mistake, NotFoundError
from jobs.stores.listing import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was made just now. `text` is told once."""

    key: ApiKey
    text: str


class Accounts:
    """All calls raise StoreUnavailableError where PostgreSQL is away. What they take from others holds here at once."""

    def __init__(
        self, *, users: UserStore, credentials: CredentialStore, passwords: Passwords, authenticator: Authenticator
    ) -> None:
        self._users = users
        self._credentials = credentials
        self._passwords = passwords
        self._authenticator = authenticator

    async def add(self, username: str, password: str, role: Role, *, by: Actor) -> User:
        """Enter a user. Raises InvalidInputError for a reserved name, ConflictError for one that somebody has."""
        if username in RESERVED_NAMES:
            raise InvalidInputError([Mistake(pointer="/username", detail="is reserved; choose another")])
        hashed = await self._passwords.hash(password)
        new = NewUser(id=new_user_id(), username=username, role=role, password_hash=hashed)
        user = await self._users.add(new, by=by)
        if user is None:
            raise ConflictError(f"there is a user {username} already; choose another name")
        return user

    async def get(self, user_id: str) -> User | None:
        """Give a user, or None."""
        return await self._users.get(user_id)

    async def page(self, *, after: Place | None, limit: int) -> Sequence[User]:
        """List users, newest first."""
        return await self._users.page(after=after, limit=limit)

    async def change(
        self, user_id: str, *, role: Role | None, password: str | None, is_disabled: bool | None, by: Actor
    ) -> User:
        """Change a user; what is None stays. Raises NotFoundError, and ConflictError for who would lock himself out.

        The last administrator may be disabled by another: the key of the settings always opens.
        """
        if not is_id(user_id):
            raise NotFoundError(f"there is no user {user_id[:100]}")
        if user_id == by.name and (is_disabled or role not in {None, Role.ADMIN}):
            raise ConflictError("nobody disables himself, or takes the role from himself; ask another administrator")
        hashed = None if password is None else await self._passwords.hash(password)
        change = Change(role=role, password_hash=hashed, is_disabled=is_disabled)
        user = await self._users.change(user_id, change, by=by)
        if user is None:
            raise NotFoundError(f"there is no user {user_id}")
        self._authenticator.doubt(user_id)
        return user

    async def keys_of(self, owner: str) -> Sequence[ApiKey]:
        """List a user's keys, newest first."""
        return await self._credentials.keys_of(owner)

    async def add_key(self, owner: str, *, name: str, days: int | None, by: Actor) -> NewKey:
        """Make a key that holds for so many days. Raises ConflictError where he has two, or may have none."""
        if owner == ADMIN:
            raise ConflictError("this administrator's key comes from APP_ADMIN_API_KEY; make a user, who has keys")
        token = new_token(Kind.KEY)
        lasts = None if days is None else timedelta(days=days)
        key = await self._credentials.add_key(owner, token, name=name, lasts=lasts, by=by)
        return NewKey(key=key, text=token.text)

    async def revoke_key(self, key_id: str, who: Identity, *, by: Actor) -> ApiKey:
        """Revoke a key of one's own; an administrator anybody's. Raises NotFoundError."""
        key = await self._credentials.delete_key(key_id, owner=who.sees, by=by) if is_id(key_id) else None
        if key is None:
            raise NotFoundError(f"there is no key {key_id[:100]}")
        self._authenticator.doubt(key.user_id)
        return key
