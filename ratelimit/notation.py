"""Limits as people write them: `200/minute`, `3 per 2 minutes`, `200/minute burst 40`, several with `;`."""

import re

from ratelimit.arithmetic import gauge_of
from ratelimit.bucket import Limit

# Those of `limits`.
_SECONDS = {
    "second": 1,
    "minute": 60,
    "hour": 3_600,
    "day": 86_400,
    "month": 30 * 86_400,
    "year": 360 * 86_400,
}
_SEPARATOR = re.compile("[,;|]")
_LIMIT = re.compile(
    r"\s*(?P<amount>[0-9]+)\s*(?:/|per)\s*(?P<times>[0-9]+)?\s*(?P<period>[a-z]+?)s?(?:\s+burst\s+(?P<burst>[0-9]+))?\s*",
    re.IGNORECASE,
)
_MOST_DIGITS = 16


def parse_limits(text: str) -> tuple[Limit, ...]:
    """Read one limit or several: whatever `limits.parse_many` reads, and a burst where a bucket holds another amount.

    Raises ValueError, naming the part that is wrong and what would be right.
    """
    return tuple(_parse(part.strip()) for part in _SEPARATOR.split(text))


def spell(limit: Limit) -> str:
    """Write a limit so that `parse_limits` reads it."""
    word, seconds = next(
        (word, seconds) for word, seconds in reversed(_SECONDS.items()) if limit.period_s % seconds == 0
    )
    times = limit.period_s // seconds
    period = f"/{word}" if times == 1 else f" per {times} {word}s"
    return f"{limit.amount}{period}" + (f" burst {limit.burst}" if limit.burst != limit.amount else "")


def _parse(part: str) -> Limit:
    found = _LIMIT.fullmatch(part)
    if found is None:
        raise ValueError(f"{part!r} is no limit; write it as 200/minute, 3 per 2 minutes or 200/minute burst 40")
    seconds = _SECONDS.get(found["period"].lower())
    if seconds is None:
        raise ValueError(f"{part!r}: there is no period {found['period']!r}; there are {', '.join(_SECONDS)}")
    if max(len(found[name] or "") for name in ("amount", "times", "burst")) > _MOST_DIGITS:
        raise ValueError(f"{part!r}: a number has at most {_MOST_DIGITS} digits")
    amount = int(found["amount"])
    limit = Limit(amount=amount, period_s=int(found["times"] or 1) * seconds, burst=int(found["burst"] or amount))
    try:
        gauge_of(limit)
    except ValueError as error:
        raise ValueError(f"{part!r}: {error}") from error
    return limit
