"""Logging in by password or by key, and out again. Answers are alike, and as late, whoever there is or is not."""

import math
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from app.admin_key import AdminKey
from app.attempts import Attempts
from app.errors import RateLimitedError, UnauthenticatedError
from app.passwords import Passwords
from app.stores.credentials import CredentialStore
from app.stores.users import Change, Secret, User, UserStore
from app.tokens import Kind, digest, new_token, read_token
from jobs.audit import Action, Actor, Deed, Effect
from jobs.errors import ConflictError, InvalidInputError, Mistake, StoreUnavailableError

NOBODY = "unknown"  # not the name that was typed: it may be a password, in the wrong field
_WRONG = "username or password is wrong, or the user is disabled"
_NOT_PRESENT = Mistake(pointer="/current", detail="is not the present password")
_WRONG_KEY = "this key is not known; it may have expired, or have been revoked"
_MOST_NOTED = 60  # refusals that a process writes down in a minute
_MINUTE_S = 60.0

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One that has begun. `token` is told once."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn(Session):
    """A session that a user's password has begun."""

    user: User


class Logins:
    """The way in for people."""

    def __init__(
        self,
        *,
        users: UserStore,
        credentials: CredentialStore,
        passwords: Passwords,
        attempts: Attempts,
        admin_key: AdminKey,
        lasts: timedelta,
    ) -> None:
        """`lasts` is how long a session does."""
        self._users = users
        self._credentials = credentials
        self._passwords = passwords
        self._attempts = attempts
        self._admin_key = admin_key
        self._lasts = lasts
        self._minute, self._noted = 0.0, 0

    async def begin(self, username: str, password: str, *, by: Actor) -> LoggedIn:
        """Log somebody in; `by` is who asks, before it is known who he is.

        Raises UnauthenticatedError, RateLimitedError, BusyError, and StoreUnavailableError where PostgreSQL is away.
        """
        username = username.lower()
        secret = await self._checked(username, password, by)
        if secret is None:
            raise UnauthenticatedError(_WRONG)
        token = new_token(Kind.SESSION)
        expires_at = await self._credentials.add_session(secret, token, lasts=self._lasts, by=by)
        user = await self._users.get(secret.user_id)
        if expires_at is None or user is None:
            raise UnauthenticatedError(_WRONG)
        await self._attempts.forget(username)
        return LoggedIn(token=token.text, expires_at=expires_at, user=user)

    async def begin_with_key(self, text: str, *, by: Actor) -> Session:
        """Let in who has a key, the administrator's or a user's; with that the session ends.

        Attempts are not counted as those under a name are: what is guessed has 32 characters or more, and who asks is
        limited by his address. Raises UnauthenticatedError, and StoreUnavailableError where PostgreSQL is away.
        """
        token, key = new_token(Kind.SESSION), read_token(text)
        expires_at: datetime | None = None
        if self._admin_key.is_of(digest(text)):
            sealed = self._admin_key.seal(digest(token.text))
            expires_at = await self._credentials.add_session_of_site(token, sealed, lasts=self._lasts, by=by)
        elif key is not None and key.kind is Kind.KEY:  # no session begins another, which would never end
            expires_at = await self._credentials.add_session_of_key(key, token, lasts=self._lasts, by=by)
        if expires_at is None:
            await self._note_refusal(None, by)
            raise UnauthenticatedError(_WRONG_KEY)
        return Session(token=token.text, expires_at=expires_at)

    async def end(self, text: str, *, by: Actor) -> None:
        """Log somebody out. Raises ConflictError where he is not logged in by a session."""
        token = read_token(text)
        if token is None or token.kind is not Kind.SESSION:
            raise ConflictError("an API key is no session: there is nothing to log out of")
        await self._credentials.delete_session(token.id, owner=by.name, by=by)

    async def change_password(self, user_id: str, current: str, new: str, *, by: Actor) -> User:
        """Give a user another password, who knows the present one; all his sessions end, his API keys hold.

        A wrong one is an attempt as when somebody logs in. Raises InvalidInputError for that, ConflictError for who has
        none, RateLimitedError, BusyError, and StoreUnavailableError where PostgreSQL is away.
        """
        user = await self._users.get(user_id)
        if user is None:
            raise ConflictError("this administrator has no password; the key comes from APP_ADMIN_API_KEY")
        secret = await self._checked(user.username, current, by)
        if secret is None:
            raise InvalidInputError([_NOT_PRESENT])
        change = Change(role=None, password_hash=await self._passwords.hash(new), is_disabled=None)
        if await self._users.change(user_id, change, by=by, while_it_is=secret) is None:
            raise InvalidInputError([_NOT_PRESENT])  # any more: he, or an administrator, was faster
        await self._attempts.forget(user.username)
        return user

    async def _checked(self, username: str, password: str, by: Actor) -> Secret | None:
        """Count an attempt and check it; give whose password it is, or None and write that down."""
        secret = await self._users.secret_of(username)
        if wait_s := await self._attempts.begin(username):
            raise RateLimitedError(
                "there were too many attempts to log in under this name",
                policies=["login_name"],
                retry_after_s=math.ceil(wait_s),
            )
        fits = await self._passwords.matches(password, None if secret is None else secret.password_hash)
        if secret is not None and not secret.is_disabled and fits:
            return secret
        await self._note_refusal(secret, by)
        return None

    async def _note_refusal(self, secret: Secret | None, by: Actor) -> None:
        """Write down that somebody was not let in, of many in a minute only the first."""
        minute = time.monotonic() // _MINUTE_S
        if minute != self._minute:
            self._minute, self._noted = minute, 0
        self._noted += 1
        if self._noted <= _MOST_NOTED:
            name = NOBODY if secret is None else secret.user_id
            deed = Deed(actor=by, action=Action.SESSION_REFUSE, object_id=name, effect=Effect.REFUSED)
            try:
                await self._credentials.note_refusal(deed)
            except StoreUnavailableError as error:
                log.warning("refusal_not_noted", reason=str(error))
