"""How the asker's bucket stands after a request, as the headers of its answer say. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.client.errors import ForeignAnswerError

_POLICY = re.compile(r"q=(\d+);w=(\d+)")
_RATE = re.compile(r"(\d+)(?:/| per (\d+) )(second|minute|hour|day|month|year)s?(?: burst \d+)?")
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "month": 2_592_000, "year": 31_104_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`remaining` of `limit` requests are admitted now, of the bucket with least left.

    `refills_per_s` is of the bucket that fills fastest of those that were asked.
    """

    limit: int
    remaining: int
    refills_per_s: float


def standing_of(headers: Mapping[str, str], rates: Iterable[str] = ()) -> Standing:
    """Read it. Raises ForeignAnswerError where the headers are not there, or have no numbers.

    A site may leave RateLimit-Policy out, which is a draft's: then the `rates` of all one's buckets count, such as
    `200/minute`.
    """
    try:
        limit, remaining = (int(headers[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining"))
        policy = headers.get("RateLimit-Policy")
        per_s = (
            [_per_second(rate) for rate in rates]
            if policy is None
            else [int(amount) / int(seconds) for amount, seconds in _POLICY.findall(policy)]
        )
        return Standing(limit=limit, remaining=remaining, refills_per_s=max(per_s))
    except (KeyError, ValueError) as error:
        raise ForeignAnswerError("an answer lacks the headers that say how a rate limit stands") from error


def _per_second(rate: str) -> float:
    found = _RATE.fullmatch(rate)
    if found is None:
        raise ValueError(rate)
    amount, times, period = found.groups()
    return int(amount) / (int(times or 1) * _SECONDS[period])
