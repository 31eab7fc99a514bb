"""How often a sync is tried, how long after, and for what."""

import pytest

from jobs.errors import JobTimeoutError, StoreUnavailableError
from jobs.tasks.data_sync.errors import HeaderChangedError, LimitExceededError, ReaderDiedError, UnreadableFileError
from jobs.tasks.data_sync.load import CountMismatchError
from jobs.tasks.data_sync.task import SYNC_FILE


def test_three_tries_of_half_an_hour_a_minute_apart_and_then_two() -> None:
    """60, 120 and 240 s at most, of which the half is certain."""
    assert (SYNC_FILE.queue, SYNC_FILE.max_tries, SYNC_FILE.timeout_s) == ("data_sync", 3, 1800)
    backoff = SYNC_FILE.retry.backoff
    longest = [backoff.delay_s(tries, lambda _low, high: high) for tries in (1, 2, 3, 4)]
    shortest = [backoff.delay_s(tries, lambda low, _high: low) for tries in (1, 2, 3, 4)]
    assert (longest, shortest) == ([60, 120, 240, 240], [30, 60, 120, 120])


@pytest.mark.parametrize(
    ("error", "is_retried"),
    [
        (StoreUnavailableError("PostgreSQL is away, a deadlock, or a serialisation failure"), True),
        (ReaderDiedError("killed"), True),
        (TimeoutError(), True),
        (JobTimeoutError("stopped after 1800 s"), True),
        (UnreadableFileError("damaged"), False),
        (LimitExceededError("too many rows"), False),
        (HeaderChangedError("added", {}), False),
        (CountMismatchError("lost a row"), False),
    ],
)
def test_what_the_file_is_to_blame_for_is_not_tried_again(error: Exception, *, is_retried: bool) -> None:
    """Only what another try may find mended."""
    delay_s = SYNC_FILE.retry.delay_s(error, tries=1, max_tries=3, uniform=lambda _low, high: high)
    assert delay_s == (60 if is_retried else None)
