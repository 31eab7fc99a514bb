"""Finds out who asks, from the Authorization header."""

import hashlib
import hmac

from app.errors import UnauthenticatedError
from app.identity import Identity, Role

_SCHEME = "bearer"


class Authenticator:
    """Knows the administrator's API key, as its SHA-256 only."""

    def __init__(self, *, admin_api_key: str) -> None:
        self._admin_digest = _digest(admin_api_key)

    def identify(self, authorization: str | None) -> Identity:
        """Give who holds the key in a header `Bearer <key>`; raises UnauthenticatedError."""
        if authorization is None:
            raise UnauthenticatedError("send the header Authorization: Bearer <API key>")
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != _SCHEME or not key.strip():
            raise UnauthenticatedError("the Authorization header must be of the form Bearer <API key>")
        if not hmac.compare_digest(_digest(key.strip()), self._admin_digest):
            raise UnauthenticatedError("this API key is not known; it may have been revoked")
        return Identity(owner="admin", role=Role.ADMIN)


def _digest(key: str) -> bytes:
    # A key is random and long: a fast hash is enough, and a slow one would be paid at every request.
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
