"""Where a job stands in its queue."""

import math

import pytest

from jobs.model import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY
from jobs.scoring import FALLBACK_TURN_MS, LAST_READY, PARKED, QUARANTINE, STEP_MS, Band, after_retry, band_of, score

NOW_MS = 1_750_000_000_000  # June 2025
DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("priority", "ahead", "turn_ms", "expected"),
    [
        (5, 0, 0, -2_250_003_000_000),
        (10, 0, 30_000, -2_250_006_000_000),
        (1, 0, 30_000, -2_250_000_600_000),
        (5, 3, 30_000, -2_250_002_910_000),
        (5, 1, 0.25, -2_250_003_000_000),
        (5, 4, 0.25, -2_250_002_999_999),
        (5, 3, 0.5, -2_250_002_999_999),
    ],
)
def test_the_rule_gives_these_scores(priority: int, ahead: int, turn_ms: float, expected: int) -> None:
    """Base, less ten minutes a level, plus a turn for each job in line, less 4e12, rounded down."""
    assert score(base_ms=NOW_MS, priority=priority, ahead=ahead, turn_ms=turn_ms) == expected


def test_a_step_may_be_set() -> None:
    """A site may make a level worth more, or less, than ten minutes."""
    assert score(base_ms=NOW_MS, priority=2, ahead=0, turn_ms=0, step_ms=1_000) == -2_250_000_002_000
    assert after_retry(-4_000_000_000_000, due_ms=NOW_MS, priority=2, step_ms=1_000) == -2_250_000_002_000


def test_a_level_is_worth_ten_minutes_of_waiting() -> None:
    """The most urgent job passes the least urgent one that has waited for less than nine steps, and no other."""
    patient = score(base_ms=NOW_MS, priority=LOWEST_PRIORITY, ahead=0, turn_ms=0)

    def urgent_after(wait_ms: int) -> int:
        return score(base_ms=NOW_MS + wait_ms, priority=HIGHEST_PRIORITY, ahead=0, turn_ms=0)

    assert urgent_after(9 * STEP_MS - 1) < patient
    assert urgent_after(9 * STEP_MS) == patient
    assert urgent_after(9 * STEP_MS + 1) > patient


def test_a_queue_so_long_that_its_end_is_past_our_times_stays_ready() -> None:
    """Two million jobs of half an hour in line would give 1.35e12, which means "due since 2012", and never be run."""
    assert score(base_ms=NOW_MS, priority=5, ahead=2_000_000, turn_ms=1_800_000) == LAST_READY


def test_a_score_is_never_zero() -> None:
    """Stock `Job.status()` takes 0 for "not found"."""
    assert score(base_ms=4_000_000_000_000 + 5 * STEP_MS, priority=5, ahead=0, turn_ms=0) == LAST_READY


def test_a_day_ahead_buys_no_seniority_over_a_fresh_urgent_job() -> None:
    """A job scheduled yesterday for now is as old as one submitted now."""
    scheduled = score(base_ms=max(NOW_MS - DAY_MS, NOW_MS), priority=1, ahead=0, turn_ms=0)
    assert score(base_ms=NOW_MS, priority=10, ahead=0, turn_ms=0) < scheduled


def test_a_retry_waits_behind_what_came_before_its_due_time() -> None:
    """After a back-off of a minute a job ranks with those accepted when it comes due."""
    first = score(base_ms=NOW_MS, priority=DEFAULT_PRIORITY, ahead=0, turn_ms=FALLBACK_TURN_MS)
    again = after_retry(first, due_ms=NOW_MS + 60_000, priority=DEFAULT_PRIORITY)
    assert again == score(base_ms=NOW_MS + 60_000, priority=DEFAULT_PRIORITY, ahead=0, turn_ms=FALLBACK_TURN_MS)


def test_a_retry_makes_no_job_earlier() -> None:
    """The end of a flood stays the end of the flood, however soon its next try is due."""
    last = score(base_ms=NOW_MS, priority=5, ahead=10_000, turn_ms=FALLBACK_TURN_MS)
    assert after_retry(last, due_ms=NOW_MS + 60_000, priority=5) == last


def test_a_retry_stays_ready() -> None:
    """Also if it is due in the year 9999."""
    assert after_retry(LAST_READY, due_ms=253_370_764_800_000, priority=1) == LAST_READY


def test_within_an_owner_a_later_job_may_pass_once_others_have_ended() -> None:
    """The rule is no first in, first out: the tenth of a batch is passed by one sent when only one is left in line.

    The pass is bounded as any other: by the turns that the tenth job paid.
    """
    tenth = score(base_ms=NOW_MS, priority=5, ahead=9, turn_ms=2_000)
    assert score(base_ms=NOW_MS + 4_000, priority=5, ahead=1, turn_ms=2_000) < tenth
    assert score(base_ms=NOW_MS + 9 * 2_000 + 1, priority=5, ahead=0, turn_ms=2_000) > tenth


@pytest.mark.parametrize(
    ("entry", "band"),
    [
        (-math.inf, Band.READY),
        (-2_250_003_000_000, Band.READY),
        (LAST_READY, Band.READY),
        (-0.5, Band.READY),
        (0, Band.FOREIGN),
        (1, Band.FOREIGN),
        (999_999_999_999, Band.FOREIGN),
        (1_000_000_000_000, Band.TIMED),
        (NOW_MS, Band.TIMED),
        (7_999_999_999_999_999, Band.TIMED),
        (8_000_000_000_000_000, Band.FOREIGN),
        (8_999_999_999_999_999, Band.FOREIGN),
        (PARKED, Band.PARKED),
        (9_000_999_999_999_999, Band.PARKED),
        (QUARANTINE, Band.QUARANTINE),
        (2**53, Band.QUARANTINE),
        (math.inf, Band.QUARANTINE),
    ],
)
def test_every_score_is_in_one_band(entry: float, band: Band) -> None:
    """The borders belong to the band above them; what no script of ours writes is foreign."""
    assert band_of(entry) is band
