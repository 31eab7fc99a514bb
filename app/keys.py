"""Every Redis key of this package, with its type. No other module spells one."""

import hashlib

ATTEMPTS = "switchyard:login:"  # + SHA-256 of a name: hash with PX, `count` of attempts and `open_ms` of the next one


def attempts(username: str) -> str:
    """Give what is kept of attempts to log in under a name. It may be a password, typed into the wrong field."""
    return ATTEMPTS + hashlib.sha256(username.encode("utf-8", "surrogateescape")).hexdigest()
