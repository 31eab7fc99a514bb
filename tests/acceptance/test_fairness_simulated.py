"""A flood costs the others no more than under fair queueing: in simulation, 10 slots, 50 others beside the flood."""

import statistics
from collections import Counter
from itertools import takewhile

import pytest

from benchmarks.fairness.disciplines import FirstInFirstOut, ScoreRule, StartTimeFairQueueing
from benchmarks.fairness.figures import measure
from benchmarks.fairness.simulation import Job, Workload, simulate
from benchmarks.fairness.workloads import BATCH, Flood, batch_beside_steady

BAR = 1.2  # the others' p99 may be this many times that of SFQ
SHORT_MS = 2_000
LONG_MS = 1_800_000
floods = pytest.mark.parametrize(
    "flood",
    [
        Flood(mean_ms=SHORT_MS),
        Flood(mean_ms=LONG_MS),
        Flood(mean_ms=SHORT_MS, varied=True),
        Flood(mean_ms=LONG_MS, varied=True),
    ],
    ids=["2 s", "30 min", "2 s varied", "30 min varied"],
)


@floods
def test_the_others_wait_no_longer_than_under_fair_queueing(flood: Flood) -> None:
    """10,000 jobs of one owner, and the others' p99 stays within 1.2 times that of SFQ; the flood ends as early."""
    workload = flood.workload()
    fair = measure(workload, StartTimeFairQueueing())
    ours = measure(workload, ScoreRule(flood.mean_ms))
    assert ours.p99_ms <= BAR * fair.p99_ms
    assert ours.flood_end_ms <= BAR * fair.flood_end_ms


@floods
def test_first_in_first_out_is_far_from_it(flood: Flood) -> None:
    """The same jobs in the order of their submission wait hundreds of times as long: the bar can be missed."""
    workload = flood.workload()
    fair = measure(workload, StartTimeFairQueueing())
    assert measure(workload, FirstInFirstOut()).p99_ms > 100 * BAR * fair.p99_ms


def test_the_turn_has_to_follow_long_jobs() -> None:
    """With half-hour jobs taken for half-minute ones the bar is missed: the flood looks like four days of work."""
    workload = Flood(mean_ms=LONG_MS).workload()
    fair = measure(workload, StartTimeFairQueueing())
    assert measure(workload, ScoreRule(30_000)).p99_ms > 100 * BAR * fair.p99_ms


def test_who_sends_a_batch_of_short_jobs_is_not_starved() -> None:
    """1,000 jobs of 0.1 s are done in 2 minutes beside one who keeps 20 in line; a turn of 30 s starves them."""
    workload = batch_beside_steady(run_ms=100, limit_ms=120_000)
    assert measure(workload, ScoreRule(100)).flood_ended == BATCH
    assert measure(workload, ScoreRule(30_000)).flood_ended < BATCH / 10


def test_the_simulation_gives_the_mean_wait_of_the_textbook() -> None:
    """One slot, half filled by random jobs of random length: the mean wait is the mean run time (M/M/1)."""
    workload = Flood(mean_ms=1_000_000, load=0.5, slots=1, jobs=40_000, varied=True).without()
    waits = [start.waited_ms for start in simulate(workload, FirstInFirstOut())]
    assert statistics.fmean(waits) == pytest.approx(1_000_000, rel=0.1)


def test_fair_queueing_shares_the_work_and_not_the_count() -> None:
    """While both have jobs in line, who sends jobs twice as long starts half as many."""
    workload = Workload(jobs=[*[Job(0, 1, 1_000)] * 300, *[Job(0, 2, 2_000)] * 300], slots=3)
    starts = simulate(workload, StartTimeFairQueueing())
    while_both = takewhile(lambda start: start.waited_ms < 100_000, starts)
    counts = Counter(start.job.owner for start in while_both)
    assert counts[1] == pytest.approx(2 * counts[2], abs=4)


def test_no_slot_is_idle_while_a_job_waits() -> None:
    """Whatever the order, the work is done in the time that it takes."""
    workload = Workload(jobs=[Job(0, number % 3, 1_000) for number in range(30)], slots=10)
    for discipline in (FirstInFirstOut(), StartTimeFairQueueing(), ScoreRule(1_000)):
        assert Counter(start.waited_ms for start in simulate(workload, discipline)) == {0: 10, 1_000: 10, 2_000: 10}
