"""Every Redis key of this package, with its type. No other module spells one."""

import hashlib

ATTEMPTS = "switchyard:login:"  # + SHA-256 of a name: hash with PX, `count` of attempts and `open_ms` of the next one
TRAFFIC = "switchyard:traffic"  # hash: what requests were answered, and only more; app.traffic has the fields

# What all web processes share of the rate limits. PostgreSQL keeps the first; the others may get lost.
LIMITS = "switchyard:rate:limits"  # string: the limits in force, as JSON
ROUTES = "switchyard:rate:routes:"  # + minute: hash with EX, `<outcome> <route>` -> requests
KEYS = "switchyard:rate:keys:"  # + minute: sorted set with EX, key -> requests, of the busiest ones
DENIALS = "switchyard:rate:denials"  # list with EX: JSON, the newest first
DECISIONS = "switchyard:rate:decisions"  # hash: `<policy>|<tier>|<outcome>|<backend>` -> requests, and only more


def routes(minute: int) -> str:
    """Give what was asked for in a minute since 1970, by route."""
    return f"{ROUTES}{minute}"


def busy(minute: int) -> str:
    """Give who asked how often in a minute since 1970."""
    return f"{KEYS}{minute}"


def attempts(username: str) -> str:
    """Give what is kept of attempts to log in under a name. It may be a password, typed into the wrong field."""
    return ATTEMPTS + hashlib.sha256(username.encode("utf-8", "surrogateescape")).hexdigest()
