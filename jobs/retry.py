"""When a failed try is tried again, and how long after. Pure: randomness comes in from outside."""

from collections.abc import Callable
from dataclasses import dataclass

from jobs.contract import Retry
from jobs.errors import JobFailedError, JobTimeoutError


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """The wait before try n + 1: uniform(floor, 1) * min(cap_s, base_s * 2 ** (n - 1)) seconds.

    With `floor` 0, the default, this is full jitter (AWS Architecture Blog, "Exponential Backoff And
    Jitter"); a floor above 0 keeps a minimum of the wait where the other side needs time to recover.
    """

    base_s: float = 1.0
    cap_s: float = 600.0
    floor: float = 0.0

    def delay_s(self, tries: int, uniform: Callable[[float, float], float]) -> float:
        """Give the wait in seconds after `tries` (1 or more) failed tries."""
        # 2 ** 1023 is the largest power that a float holds; the cap has long won by then.
        ceiling = min(self.cap_s, self.base_s * 2.0 ** min(tries - 1, 1000))
        return uniform(self.floor, 1.0) * ceiling


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Which errors of a task are worth another try; `permanent` wins over `retry_on`.

    JobFailedError is always permanent. Running into the time limit is worth another try only where
    `retry_on` lists TimeoutError itself: work that takes too long once will mostly do so again.
    """

    retry_on: tuple[type[BaseException], ...] = (Exception,)
    permanent: tuple[type[BaseException], ...] = ()
    backoff: Backoff = Backoff()

    def delay_s(
        self, error: BaseException, *, tries: int, max_tries: int, uniform: Callable[[float, float], float]
    ) -> float | None:
        """Give the wait in seconds until the next try after this error ended try number `tries`; None: there is none.

        What a task asks for by raising arq's Retry goes before the policy.
        """
        if tries >= max_tries:
            return None
        if isinstance(error, Retry):
            return (error.defer_score or 0) / 1000
        return self.backoff.delay_s(tries, uniform) if self._is_worth_it(error) else None

    def _is_worth_it(self, error: BaseException) -> bool:
        if isinstance(error, (JobFailedError, *self.permanent)):
            return False
        if isinstance(error, JobTimeoutError):
            return TimeoutError in self.retry_on
        return isinstance(error, self.retry_on)
