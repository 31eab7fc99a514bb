"""When to ask once more, and how long after. Pure: time and randomness come in from outside."""

from collections.abc import Callable
from dataclasses import dataclass

from app.client.errors import ClientError, ConflictError, ProblemError, UnreachableError

_TOO_MANY = 429
_PASSING = (502, 503, 504)
_APART = 0.1  # of a Retry-After, by which those whom it was told come back at different times


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What is known of a request that has failed: how often, for how long, and whether it may be sent again.

    With `is_keyed` it carries an Idempotency-Key; with `was_lost` an earlier try of it may have arrived.
    """

    times: int
    spent_s: float
    is_repeatable: bool
    is_keyed: bool = False
    was_lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """For how long a site that does not answer is asked again: `total_s` seconds in all, 0 for once only.

    The wait after try n is uniform(0, min(most_s, first_s * 2 ** (n - 1))) seconds, full jitter, or what `Retry-After`
    asks for and a little more. The default outlasts the 30 s for which the key of a submission may stay in flight
    whose web process was killed.
    """

    total_s: float = 60.0
    first_s: float = 0.25
    most_s: float = 10.0

    def pause_s(self, error: ClientError, tried: Tried, uniform: Callable[[float, float], float]) -> float | None:
        """Give the seconds until the next try; None: there is none, and the error is the answer."""
        if not _is_worth_it(error, tried):
            return None
        asked_s = error.retry_after_s if isinstance(error, ProblemError) else None
        if asked_s is None:
            pause_s = uniform(0.0, min(self.most_s, self.first_s * 2.0 ** min(tried.times - 1, 100)))
        else:
            pause_s = asked_s + uniform(0.0, _APART * asked_s + _APART)
        return pause_s if tried.spent_s + pause_s <= self.total_s else None


def _is_worth_it(error: ClientError, tried: Tried) -> bool:
    if isinstance(error, UnreachableError):
        return tried.is_repeatable or not error.may_have_arrived
    if isinstance(error, ConflictError):  # the try that was lost is still in flight
        return tried.is_keyed and tried.was_lost
    if not isinstance(error, ProblemError):
        return False
    if error.status == _TOO_MANY:  # refused before anything was done
        return error.retry_after_s is not None
    return error.status in _PASSING and tried.is_repeatable
