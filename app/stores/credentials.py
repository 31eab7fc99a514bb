"""The tables `api_keys` and `sessions`: what lets somebody in, each as a hash of its text."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from app.identity import ADMIN, OWNER_OF_SITE, Identity, Role
from app.stores.users import Secret
from app.tokens import Kind, Token, digest
from jobs.audit import Action, Actor, Deed
from jobs.errors import ConflictError
from jobs.stores.audit import note
from jobs.stores.database import Connection, Database, Row
from jobs.stores.queries import load_queries

MOST_KEYS = 2  # the one in use, and the one that is to replace it
MOST_SESSIONS = 20  # of one user; the oldest end

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key, without its text. `last_used_at` is a minute behind, or two."""

    id: str
    user_id: str
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """One that begins: of a user, or None for the administrator of the settings. It ends with the key at the latest."""

    id: str
    sha256: bytes
    user_id: str | None
    key_id: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A key or session that is in force, and whom it lets in.

    `sha256` is of its text; that of a session which the administrator's key of the settings has begun is sealed.
    """

    id: str
    sha256: bytes
    identity: Identity
    expires_at: datetime | None


class CredentialStore:
    """All calls raise StoreUnavailableError where PostgreSQL is away. Each change is written down with its deed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_key(self, user_id: str, token: Token, *, name: str, lasts: timedelta | None, by: Actor) -> ApiKey:
        """Enter a key. Raises ConflictError where the user has two already, or may have none."""
        async with self._database.transaction() as connection:
            if await connection.fetch_row(_SQL["lock_user"], user_id) is None:
                raise ConflictError("there is no such user any more, or he is disabled")
            await connection.execute(_SQL["drop_expired_keys"], user_id)
            counted = await connection.fetch_row(_SQL["count_keys"], user_id)
            if counted is None or counted["active"] >= MOST_KEYS:
                raise ConflictError(f"you have {MOST_KEYS} keys in force; revoke one before you make another")
            row = await connection.fetch_row(_SQL["insert_key"], token.id, user_id, name, digest(token.text), lasts)
            deed = Deed(actor=by, action=Action.KEY_CREATE, object_id=token.id, details={"name": name})
            await note(deed, connection=connection)
        if row is None:
            raise AssertionError("a row that was inserted is not there")
        return _key(row)

    async def keys_of(self, user_id: str) -> list[ApiKey]:
        """List a user's keys, newest first."""
        return [_key(row) for row in await self._database.fetch(_SQL["keys"], user_id)]

    async def delete_key(self, key_id: str, *, owner: str | None, by: Actor) -> ApiKey | None:
        """Revoke a key, and give it; None where there is none, or it is somebody else's than `owner`'s."""
        async with self._database.transaction() as connection:
            row = await connection.fetch_row(_SQL["delete_key"], key_id, owner)
            if row is None:
                return None
            key = _key(row)
            deed = Deed(
                actor=by, action=Action.KEY_REVOKE, object_id=key_id, details={"name": key.name, "user": key.user_id}
            )
            await note(deed, connection=connection)
        return key

    async def add_session(self, secret: Secret, token: Token, *, lasts: timedelta, by: Actor) -> datetime | None:
        """Let a user be logged in; give until when, None where this is not his password any more, or he is disabled."""
        async with self._database.transaction() as connection:
            if await connection.fetch_row(_SQL["lock_known_user"], secret.user_id, secret.password_hash) is None:
                return None
            new = _Session(id=token.id, sha256=digest(token.text), user_id=secret.user_id)
            return await _begin(new, lasts=lasts, by=by, connection=connection)

    async def add_session_of_key(self, key: Token, token: Token, *, lasts: timedelta, by: Actor) -> datetime | None:
        """Let in who has a user's key, while that holds; give until when, None where it is not in force."""
        async with self._database.transaction() as connection:
            row = await connection.fetch_row(_SQL["lock_user_of_key"], key.id, digest(key.text))
            if row is None:
                return None
            new = _Session(
                id=token.id,
                sha256=digest(token.text),
                user_id=row["id"],
                key_id=key.id,
                until=row["expires_at"],
            )
            return await _begin(new, lasts=lasts, by=by, connection=connection)

    async def add_session_of_site(self, token: Token, sealed: bytes, *, lasts: timedelta, by: Actor) -> datetime:
        """Let in who has the administrator's key of the settings, which has sealed the token; give until when."""
        async with self._database.transaction() as connection:
            new = _Session(id=token.id, sha256=sealed, user_id=None)
            return await _begin(new, lasts=lasts, by=by, connection=connection)

    async def delete_session(self, session_id: str, *, owner: str, by: Actor) -> None:
        """End a session; nothing where it has ended already."""
        user_id = None if owner == ADMIN else owner
        async with self._database.transaction() as connection:
            if await connection.fetch_row(_SQL["delete_session"], session_id, user_id):
                await note(Deed(actor=by, action=Action.SESSION_END, object_id=session_id), connection=connection)

    async def note_refusal(self, deed: Deed) -> None:
        """Write down that somebody was not let in."""
        async with self._database.transaction() as connection:
            await note(deed, connection=connection)

    async def find(self, wanted: Iterable[tuple[Kind, str]]) -> list[Credential]:
        """Give those of these kinds and ids that are in force."""
        ids: dict[Kind, list[str]] = {Kind.KEY: [], Kind.SESSION: []}
        for kind, credential_id in wanted:
            ids[kind].append(credential_id)
        rows = await self._database.fetch(_SQL["find"], ids[Kind.KEY], ids[Kind.SESSION])
        return [_credential(row) for row in rows]

    async def note_uses(self, key_ids: Collection[str]) -> None:
        """Note that these keys were used just now."""
        await self._database.execute(_SQL["note_uses"], list(key_ids))


async def _begin(new: _Session, *, lasts: timedelta, by: Actor, connection: Connection) -> datetime:
    """Enter a session, in place of those that have expired and of the oldest; it is written down under its owner."""
    await connection.execute(_SQL["drop_expired_sessions"])
    await connection.execute(_SQL["drop_oldest_sessions"], new.user_id, MOST_SESSIONS - 1)
    row = await connection.fetch_row(
        _SQL["insert_session"], new.id, new.user_id, new.sha256, lasts, new.key_id, new.until
    )
    if row is None:
        raise AssertionError("a row that was inserted is not there")
    deed = Deed(
        actor=replace(by, name=new.user_id or ADMIN),
        action=Action.SESSION_BEGIN,
        object_id=new.id,
        details={} if new.key_id is None else {"key": new.key_id},
    )
    await note(deed, connection=connection)
    expires_at: datetime = row["expires_at"]
    return expires_at


def _key(row: Row) -> ApiKey:
    return ApiKey(**row)


def _credential(row: Row) -> Credential:
    of_site = row["user_id"] is None
    identity = OWNER_OF_SITE if of_site else Identity(owner=row["user_id"], role=Role(row["role"]))
    return Credential(id=row["id"], sha256=row["sha256"], identity=identity, expires_at=row["expires_at"])
