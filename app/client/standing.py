"""How the asker's bucket stands after a request, as the headers of its answer say. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.client.errors import ForeignAnswerError

_POLICY = re.compile(r"q=(\d+);w=(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`remaining` of `limit` requests are admitted now, of the bucket with least left.

    `refills_per_s` is of the bucket that fills fastest of those that were asked.
    """

    limit: int
    remaining: int
    refills_per_s: float


def standing_of(headers: Mapping[str, str]) -> Standing:
    """Read it. Raises ForeignAnswerError where the headers are not there, or have no numbers."""
    try:
        limit, remaining = (int(headers[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining"))
        policies = [(int(amount), int(seconds)) for amount, seconds in _POLICY.findall(headers["RateLimit-Policy"])]
        return Standing(
            limit=limit,
            remaining=remaining,
            refills_per_s=max(amount / seconds for amount, seconds in policies),
        )
    except (KeyError, ValueError) as error:
        raise ForeignAnswerError("an answer lacks the headers that say how a rate limit stands") from error
