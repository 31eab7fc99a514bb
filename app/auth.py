"""Finds out whom a key or session lets in, and remembers it: who calls the API, and who may scrape the metrics.

What is remembered and in use is looked at again every two seconds, all of it by one query, so that no request waits
for that and what was revoked lets nobody in after five. While PostgreSQL is away what is known goes on.
"""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import structlog
from pydantic import SecretStr

from app.admin_key import AdminKey
from app.errors import UnauthenticatedError
from app.identity import OWNER_OF_SITE, Identity
from app.stores.credentials import Credential, CredentialStore
from app.tokens import Kind, Token, digest, read_token
from jobs.errors import StoreUnavailableError

FRESH_S = 5.0
_EVERY_S = 2.0
_AGAIN_S = 0.5  # after one look that was not answered, the next is answered before anything remembered is too old
# With the interval, and the second in which a connection is given back, less than FRESH_S: an outage is known before
# anything remembered is too old.
_PATIENCE_S = 1.5
_IN_USE_S = 10.0
_NOTE_USES_S = 60.0
_MOST = 10_000
_SCHEME = "bearer"
_UNKNOWN = "this key or session is not known; it may have expired, or have been revoked"

log = structlog.stdlib.get_logger(__name__)


@dataclass(slots=True, kw_only=True, eq=False)
class _Known:
    """What is remembered of a key or session: times of time.monotonic, but for the expiry, which is of time.time."""

    kind: Kind
    credential: Credential
    checked_at: float
    used_at: float
    watchers: set[asyncio.Event] = field(default_factory=set)

    def has_expired(self) -> bool:
        expires_at = self.credential.expires_at
        return expires_at is not None and expires_at.timestamp() <= time.time()

    def tell_watchers(self) -> None:
        for revoked in self.watchers:
            revoked.set()


class Authenticator:
    """Knows the administrator's key of the settings, and whatever PostgreSQL has told it."""

    def __init__(self, credentials: CredentialStore, *, admin_key: AdminKey) -> None:
        self._credentials = credentials
        self._admin_key = admin_key
        self._known: dict[bytes, _Known] = {}
        self._doubted: dict[str, float] = {}  # when, by owner; for as long as a question of before may be answered
        self._is_away = False
        self._noted_at = time.monotonic()

    def recall(self, text: str) -> Identity | None:
        """Give whom a text lets in, where that need not be asked; else None."""
        sha256 = digest(text)
        if self._admin_key.is_of(sha256):
            return OWNER_OF_SITE
        known = self._known.get(sha256)
        if known is None or known.has_expired():
            return None
        now = time.monotonic()
        if now - known.checked_at > FRESH_S and not self._is_away:
            return None
        known.used_at = now
        return known.credential.identity

    async def identify(self, text: str) -> Identity:
        """Give whom a text lets in.

        Raises UnauthenticatedError, and StoreUnavailableError where it is not known here and PostgreSQL is away.
        """
        if recalled := self.recall(text):
            return recalled
        token = read_token(text)
        if token is None:
            raise UnauthenticatedError(_UNKNOWN)
        is_settled = False
        while not is_settled:
            began = time.monotonic()
            try:
                found = await self._find([token])
            except StoreUnavailableError:
                if recalled := self.recall(text):
                    return recalled
                raise
            is_settled = self._settle(token.kind, digest(text), found.get(token.id), began)
        if recalled := self.recall(text):
            return recalled
        raise UnauthenticatedError(_UNKNOWN)

    def doubt(self, owner: str) -> None:
        """Ask again before anything of this user's lets anybody in: it was changed just now."""
        now = time.monotonic()
        self._doubted = {one: at for one, at in self._doubted.items() if now - at < 2 * _PATIENCE_S} | {owner: now}
        for known in self._known.values():
            if known.credential.identity.owner == owner:
                known.checked_at = float("-inf")

    @contextmanager
    def watched(self, text: str) -> Iterator[asyncio.Event]:
        """Give what is set once a text that was let in must not be any more: for answers that go on and on."""
        revoked, sha256 = asyncio.Event(), digest(text)
        known = self._known.get(sha256)
        if known is None:
            if not self._admin_key.is_of(sha256):
                revoked.set()
            yield revoked
            return
        known.watchers.add(revoked)
        try:
            yield revoked
        finally:
            known.watchers.discard(revoked)

    async def run(self) -> None:
        """Look at what is in use again and again, until cancelled."""
        while True:
            await asyncio.sleep(_AGAIN_S if self._is_away else _EVERY_S)
            await self.look()
            await self._note_uses()

    async def look(self) -> None:
        """Look once more at what is in use."""
        began = time.monotonic()
        for sha256 in [sha256 for sha256, known in self._known.items() if known.has_expired()]:
            self._drop(sha256)  # whether or not PostgreSQL can be asked
        used = {sha256: known for sha256, known in self._known.items() if _is_used(known, began)}
        if not used and not self._is_away:
            return
        try:
            found = await self._find([Token(kind=one.kind, id=one.credential.id, text="") for one in used.values()])
        except StoreUnavailableError:
            return
        for sha256, known in used.items():
            self._settle(known.kind, sha256, found.get(known.credential.id), began)

    async def _find(self, tokens: list[Token]) -> dict[str, Credential]:
        async with self._asking():
            found = await self._credentials.find([(token.kind, token.id) for token in tokens])
        return {credential.id: credential for credential in found}

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """Ask PostgreSQL something, which tells whether it is away. Raises StoreUnavailableError."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                yield
        except (StoreUnavailableError, TimeoutError) as error:
            if not self._is_away:
                log.warning("identities_unchecked", reason=str(error) or "no answer in time")
            self._is_away = True
            raise StoreUnavailableError(f"PostgreSQL: {str(error) or 'no answer in time'}") from error
        self._is_away = False

    def _settle(self, kind: Kind, sha256: bytes, found: Credential | None, asked_at: float) -> bool:
        """Take over what PostgreSQL said at a time; False for what may be of before a change, which must not count."""
        known = self._known.get(sha256)
        if found is None or not self._fits(found, sha256):
            if known is not None:
                self._drop(sha256)
            return True
        if asked_at <= self._doubted.get(found.identity.owner, float("-inf")):
            return False
        if known is not None:
            if known.checked_at < asked_at:
                self._renew(known, found, asked_at)
            return True
        if len(self._known) >= _MOST:
            self._drop(next((key for key, one in self._known.items() if not one.watchers), sha256))
        self._known[sha256] = _Known(kind=kind, credential=found, checked_at=asked_at, used_at=asked_at)
        return True

    def _fits(self, found: Credential, sha256: bytes) -> bool:
        """Say whether what is kept is of this text; of a session of the administrator's key, by this very key."""
        kept = self._admin_key.seal(sha256) if found.identity == OWNER_OF_SITE else sha256
        return hmac.compare_digest(found.sha256, kept)

    def _renew(self, known: _Known, found: Credential, asked_at: float) -> None:
        if known.credential.identity != found.identity:
            known.tell_watchers()  # what goes on was begun for another role
        known.credential, known.checked_at = found, asked_at

    def _drop(self, sha256: bytes) -> None:
        if (known := self._known.pop(sha256, None)) is not None:
            known.tell_watchers()

    async def _note_uses(self) -> None:
        """Write down, once a minute, which keys were used since the last time."""
        now = time.monotonic()
        if self._is_away or now - self._noted_at < _NOTE_USES_S:
            return
        since = self._noted_at
        used = [one.credential.id for one in self._known.values() if one.kind is Kind.KEY and one.used_at > since]
        self._noted_at = now
        if not used:
            return
        try:
            async with self._asking():
                await self._credentials.note_uses(used)
        except StoreUnavailableError as error:
            log.warning("key_uses_not_noted", reason=str(error))


class MetricsToken:
    """Lets who sends the token see the metrics, and everybody where there is none. Opens nothing else."""

    def __init__(self, token: SecretStr | None) -> None:
        self._digest = None if token is None else digest(token.get_secret_value())

    def check(self, authorization: str | None) -> None:
        """Raise UnauthenticatedError unless the header is `Bearer <token>` or no token is needed."""
        if self._digest is None:
            return
        if not hmac.compare_digest(digest(bearer_of(authorization, "metrics token")), self._digest):
            raise UnauthenticatedError("this is not the token that APP_METRICS_TOKEN sets")


def bearer_of(authorization: str | None, what: str) -> str:
    """Give what follows `Bearer`. Raises UnauthenticatedError where the header is not there or of another form."""
    if authorization is None:
        raise UnauthenticatedError(f"send the header Authorization: Bearer <{what}>")
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != _SCHEME or not key.strip():
        raise UnauthenticatedError(f"the Authorization header must be of the form Bearer <{what}>")
    return key.strip()


def _is_used(known: _Known, now: float) -> bool:
    return bool(known.watchers) or now - known.used_at <= _IN_USE_S
