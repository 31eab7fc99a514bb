"""What is counted of answers."""

from collections import Counter

import pytest

from app.traffic import BOUNDS_S, QUOTAS, WAITING, Tally, Timing, Traffic, tally_of

JOBS = "GET /api/jobs"


def test_an_answer_is_read_back_by_route_and_class() -> None:
    """With its time, unless it waited for what its client wanted to see."""
    traffic = Traffic()
    for status, took_s in ((200, 0.02), (204, None), (404, 0.5), (503, 100.0)):
        traffic.answered(JOBS, status, took_s)
    traffic.answered("none", 404, 0.001)
    traffic.refused(WAITING)
    tally = tally_of(traffic.take())
    assert tally.answers == {(JOBS, "2xx"): 2, (JOBS, "4xx"): 1, (JOBS, "5xx"): 1, ("none", "4xx"): 1}
    counts = tally.timings[JOBS].counts
    assert (counts[BOUNDS_S.index(0.025)], counts[BOUNDS_S.index(0.5)], counts[-1], sum(counts)) == (1, 1, 1, 3)
    assert tally.timings[JOBS].sum_s == pytest.approx(100.52)
    assert tally.refusals == {WAITING: 1}


@pytest.mark.parametrize("bound", BOUNDS_S)
def test_a_bound_belongs_to_its_bucket(bound: float) -> None:
    """As `le` says."""
    traffic = Traffic()
    for took_s in (bound, bound * 1.001):
        traffic.answered(JOBS, 200, took_s)
    counts = tally_of(traffic.take()).timings[JOBS].counts
    index = BOUNDS_S.index(bound)
    assert (counts[index], counts[index + 1], sum(counts)) == (1, 1, 2)


def test_what_could_not_be_stored_is_counted_with_what_comes() -> None:
    """And nothing twice."""
    traffic = Traffic()
    traffic.answered(JOBS, 200, None)
    page = traffic.take()
    assert not traffic.take()
    traffic.answered(JOBS, 200, None)
    traffic.give_back(page)
    assert tally_of(traffic.take()).answers == {(JOBS, "2xx"): 2}


def test_what_is_of_no_known_form_counts_for_nothing() -> None:
    """A newer process' field stops no older one; of quotas each is there from the start."""
    fields = Counter(["", "later|x", "took|GET /|99", "took|GET /|x", "refused|later", "took_us|GET /"])
    assert tally_of(fields) == Tally(
        answers={}, timings={"GET /": Timing(sum_s=1e-6)}, refusals=dict.fromkeys(QUOTAS, 0)
    )
