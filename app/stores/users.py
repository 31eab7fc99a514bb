"""The `users` table. What it says of a password stays in here and where it is checked."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.identity import Role
from jobs.audit import Action, Actor, Deed
from jobs.quota import Tier
from jobs.quotas import Quotas
from jobs.stores.audit import note
from jobs.stores.database import Connection, Database, Row
from jobs.stores.listing import Place
from jobs.stores.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may log in, unless he is disabled."""

    id: str
    username: str
    role: Role
    is_disabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """Somebody who is to be entered."""

    id: str
    username: str
    role: Role
    password_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be changed of a user; None leaves it as it is."""

    role: Role | None = None
    password_hash: str | None = None
    is_disabled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """What a password is checked by."""

    user_id: str
    password_hash: str
    is_disabled: bool


class UserStore:
    """All calls raise StoreUnavailableError where PostgreSQL is away. Each change is written down with its deed.

    A user's role is the tier of his quota, from the same commit on.
    """

    def __init__(self, database: Database, *, quotas: Quotas) -> None:
        self._database = database
        self._quotas = quotas

    async def add(self, new: NewUser, *, by: Actor) -> User | None:
        """Enter a user; None where somebody has the name."""
        async with self._database.transaction() as connection:
            row = await connection.fetch_row(_SQL["insert"], new.id, new.username, new.role, new.password_hash)
            if row is None:
                return None
            details = {"username": new.username, "role": new.role}
            deed = Deed(actor=by, action=Action.USER_CREATE, object_id=new.id, details=details)
            await note(deed, connection=connection)
            await self._quotas.set(new.id, Tier(new.role), connection=connection)
        await self._quotas.tell(new.id)
        return _user(row)

    async def get(self, user_id: str) -> User | None:
        """Give a user, or None."""
        row = await self._database.fetch_row(_SQL["get"], user_id)
        return None if row is None else _user(row)

    async def secret_of(self, username: str) -> Secret | None:
        """Give what the password of this name is checked by, or None."""
        row = await self._database.fetch_row(_SQL["by_name"], username)
        if row is None:
            return None
        return Secret(user_id=row["id"], password_hash=row["password_hash"], is_disabled=row["is_disabled"])

    async def page(self, *, after: Place | None, limit: int) -> list[User]:
        """List users, newest first."""
        at, last_id = (None, None) if after is None else (after.at, after.id)
        return [_user(row) for row in await self._database.fetch(_SQL["page"], at, last_id, limit)]

    async def change(
        self, user_id: str, change: Change, *, by: Actor, while_it_is: Secret | None = None
    ) -> User | None:
        """Change a user, give him as he is now; None where there is none, or that is not his password any more.

        A new password ends his sessions, being disabled his sessions and keys too. What changes nothing is no deed.
        """
        async with self._database.transaction() as connection:
            row = await connection.fetch_row(_SQL["lock"], user_id, while_it_is and while_it_is.password_hash)
            if row is None:
                return None
            before = _user(row)
            details = _details(before, change)
            if not details:
                return before
            after = await connection.fetch_row(
                _SQL["change"], user_id, change.role, change.password_hash, change.is_disabled
            )
            await _lock_out(user_id, change, connection)
            deed = Deed(actor=by, action=Action.USER_CHANGE, object_id=user_id, details=details)
            await note(deed, connection=connection)
            if change.role is not None:
                await self._quotas.set(user_id, Tier(change.role), connection=connection)
        if change.role is not None:
            await self._quotas.tell(user_id)
        return before if after is None else _user(after)


async def _lock_out(user_id: str, change: Change, connection: Connection) -> None:
    if change.is_disabled or change.password_hash is not None:
        await connection.execute(_SQL["end_sessions"], user_id)
    if change.is_disabled:
        await connection.execute(_SQL["revoke_keys"], user_id)


def _details(before: User, change: Change) -> dict[str, object]:
    """Say what a change changes; of a password only that it does."""
    details: dict[str, object] = {}
    if change.role not in {None, before.role}:
        details["role"] = change.role
    if change.password_hash is not None:
        details["new_password"] = True
    if change.is_disabled not in {None, before.is_disabled}:
        details["disabled"] = change.is_disabled
    return {"username": before.username, **details} if details else {}


def _user(row: Row) -> User:
    return User(
        id=row["id"],
        username=row["username"],
        role=Role(row["role"]),
        is_disabled=row["disabled_at"] is not None,
        created_at=row["created_at"],
    )
