"""Finds out who asks, from the Authorization header: who calls the API, and who may scrape the metrics."""

import hashlib
import hmac

from pydantic import SecretStr

from app.errors import UnauthenticatedError
from app.identity import Identity, Role

_SCHEME = "bearer"


class Authenticator:
    """Knows the administrator's API key, as its SHA-256 only."""

    def __init__(self, *, admin_api_key: str) -> None:
        self._admin_digest = _digest(admin_api_key)

    def identify(self, authorization: str | None) -> Identity:
        """Give who holds the key in a header `Bearer <key>`; raises UnauthenticatedError."""
        if not hmac.compare_digest(_digest(_sent(authorization, "API key")), self._admin_digest):
            raise UnauthenticatedError("this API key is not known; it may have been revoked")
        return Identity(owner="admin", role=Role.ADMIN)


class MetricsToken:
    """Lets who sends the token see the metrics, and everybody where there is none. Opens nothing else."""

    def __init__(self, token: SecretStr | None) -> None:
        self._digest = None if token is None else _digest(token.get_secret_value())

    def check(self, authorization: str | None) -> None:
        """Raise UnauthenticatedError unless the header is `Bearer <token>` or no token is needed."""
        if self._digest is None:
            return
        if not hmac.compare_digest(_digest(_sent(authorization, "metrics token")), self._digest):
            raise UnauthenticatedError("this is not the token that APP_METRICS_TOKEN sets")


def _sent(authorization: str | None, what: str) -> str:
    """Give what follows `Bearer`. Raises UnauthenticatedError where the header is not there or of another form."""
    if authorization is None:
        raise UnauthenticatedError(f"send the header Authorization: Bearer <{what}>")
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != _SCHEME or not key.strip():
        raise UnauthenticatedError(f"the Authorization header must be of the form Bearer <{what}>")
    return key.strip()


def _digest(key: str) -> bytes:
    # A key is random and long: a fast hash is enough, and a slow one would be paid at every request.
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
