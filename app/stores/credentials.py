"""The tables `api_keys` and `sessions`: what lets somebody in, each as the SHA-256 of its text."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app.identity import Identity, Role
from app.stores.users import Secret
from app.tokens import Kind, Token, digest
from jobs.audit import Action, Actor, Deed
from jobs.errors import ConflictError
from jobs.stores.audit import note
from jobs.stores.database import Database, Row
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
class Credential:
    """A key or session that is in force, and whom it lets in."""

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
            await connection.execute(_SQL["drop_expired_sessions"])
            await connection.execute(_SQL["drop_oldest_sessions"], secret.user_id, MOST_SESSIONS - 1)
            row = await connection.fetch_row(
                _SQL["insert_session"], token.id, secret.user_id, digest(token.text), lasts
            )
            await note(Deed(actor=by, action=Action.SESSION_BEGIN, object_id=token.id), connection=connection)
        return None if row is None else row["expires_at"]

    async def delete_session(self, session_id: str, *, owner: str, by: Actor) -> None:
        """End a session; nothing where it has ended already."""
        async with self._database.transaction() as connection:
            if await connection.fetch_row(_SQL["delete_session"], session_id, owner):
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


def _key(row: Row) -> ApiKey:
    return ApiKey(**row)


def _credential(row: Row) -> Credential:
    return Credential(
        id=row["id"],
        sha256=row["sha256"],
        identity=Identity(owner=row["user_id"], role=Role(row["role"])),
        expires_at=row["expires_at"],
    )
