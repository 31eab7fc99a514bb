"""The administrator's key of the settings: what opens by itself, and seals the sessions that were begun with it."""

import hmac

from app.tokens import digest


class AdminKey:
    """No store has it, not as a hash either: it may be one that somebody has made up, and others can guess."""

    def __init__(self, text: str) -> None:
        self._digest = digest(text)

    def is_of(self, sha256: bytes) -> bool:
        """Say whether this is the digest of the key."""
        return hmac.compare_digest(sha256, self._digest)

    def seal(self, sha256: bytes) -> bytes:
        """Give what is kept of a session's token, by its digest: with another key nobody comes to the same."""
        return hmac.digest(self._digest, sha256, "sha256")
