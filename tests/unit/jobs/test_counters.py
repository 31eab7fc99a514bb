"""The fields of the counters hash."""

import pytest

from jobs import counters, lifecycle
from jobs.counters import RUN_BOUNDS_MS, WAIT_BOUNDS_MS, Pair, Tally, field_of, parse
from jobs.model import State
from jobs.registry import LONGEST_TIMEOUT_S

PAIR = Pair("orders", "shop.greet")


def test_each_counter_is_read_back() -> None:
    """What a field is spelt as, it is read as."""
    fields = {
        field_of(counters.ENQUEUED, PAIR): 1,
        field_of(counters.STARTED, PAIR): 2,
        field_of(counters.RETRIED, PAIR): 3,
        field_of(counters.LOST, PAIR): 4,
        field_of(counters.RECOVERED, PAIR): 12,
        field_of(counters.HANDED_BACK, PAIR): 5,
        field_of(counters.ENDED, PAIR, State.FAILED): 6,
        field_of(counters.WAIT_MS, PAIR, "0"): 7,
        field_of(counters.WAIT_MS, PAIR, str(len(WAIT_BOUNDS_MS))): 8,
        field_of(counters.WAIT_MS_SUM, PAIR): 9,
        field_of(counters.RUN_MS, PAIR, "3"): 10,
        field_of(counters.RUN_MS_SUM, PAIR): 11,
    }
    (tally,) = parse(fields).values()
    counted = (tally.enqueued, tally.started, tally.retried, tally.lost, tally.recovered, tally.handed_back)
    assert counted == (1, 2, 3, 4, 12, 5)
    assert tally.ended == {State.SUCCEEDED: 0, State.FAILED: 6, State.CANCELLED: 0, State.EXPIRED: 0}
    assert (tally.wait.counts[0], tally.wait.counts[-1], sum(tally.wait.counts), tally.wait.sum_ms) == (7, 8, 15, 9)
    assert (tally.run.counts[3], sum(tally.run.counts), tally.run.sum_ms) == (10, 10, 11)


def test_the_spelling_is_the_contract_with_the_scripts() -> None:
    """They join the same words by the same bar."""
    assert field_of(counters.STARTED, PAIR) == "started|orders|shop.greet"
    assert field_of(counters.ENDED, PAIR, State.EXPIRED) == "ended|orders|shop.greet|expired"
    assert field_of(counters.RUN_MS, PAIR, "12") == "run_ms|orders|shop.greet|12"
    assert field_of(counters.RUN_MS_SUM, PAIR) == "run_ms_sum|orders|shop.greet"


@pytest.mark.parametrize("pair", [Pair("q", ""), Pair("", ""), Pair("a:b c", "t"), Pair("q", "stock|task")])
def test_names_of_strangers_are_kept_apart(pair: Pair) -> None:
    """A stock job has no task, and a stock task's name may hold a bar."""
    fields = {
        field_of(counters.ENQUEUED, pair): 1,
        field_of(counters.ENDED, pair, State.SUCCEEDED): 2,
        field_of(counters.ENQUEUED, PAIR): 9,
    }
    tallies = parse(fields)
    assert set(tallies) == {pair, PAIR}
    assert (tallies[pair].enqueued, tallies[pair].ended[State.SUCCEEDED]) == (1, 2)


@pytest.mark.parametrize(
    "field",
    ["", "started", "started|q", "ended|q|t", "wait_ms|q|t", "later|q|t", "later|q|t|x", "|||", "STARTED|q|t"],
)
def test_what_is_of_no_known_form_counts_for_nothing(field: str) -> None:
    """A newer script's field stops no older process, and makes no pair."""
    assert parse({field: 1}) == {}


@pytest.mark.parametrize("part", ["99", "-1", "x", ""])
def test_a_bucket_that_is_not_there_counts_for_nothing(part: str) -> None:
    """Nor does a state."""
    fields = {field_of(counters.WAIT_MS, PAIR, part): 1, field_of(counters.ENDED, PAIR, part): 1}
    assert parse(fields) == {PAIR: Tally()}


def test_an_empty_hash_has_no_pairs() -> None:
    """As after the first start."""
    assert parse({}) == {}


def test_the_bounds_rise_and_reach_past_the_longest_timeout() -> None:
    """Else a quantile would be clamped to the last bound, and an alert on a longer run could never fire."""
    for bounds in (WAIT_BOUNDS_MS, RUN_BOUNDS_MS):
        assert list(bounds) == sorted(set(bounds))
        assert bounds[0] > 0
    assert RUN_BOUNDS_MS[-1] > 1000 * LONGEST_TIMEOUT_S


def test_the_ends_are_those_of_a_job_s_life() -> None:
    """All of them."""
    assert set(counters.ENDS) == lifecycle.ENDS
