"""The score rule holds its promises for any submissions."""

import math
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

from hypothesis import assume, given
from hypothesis import strategies as st

from jobs.scoring import LAST_READY, OFFSET_MS, STEP_MS, Band, after_retry, band_of, score

NOW_MS = 1_750_000_000_000
DAY_MS = 86_400_000
LONGEST_TURN_MS = 7 * DAY_MS

priorities = st.integers(1, 10)
turns = st.one_of(st.integers(0, LONGEST_TURN_MS), st.floats(0, LONGEST_TURN_MS))
bases = st.integers(NOW_MS, NOW_MS + 366 * DAY_MS)


class Arguments(NamedTuple):
    """What the rule is asked with."""

    base_ms: int
    priority: int
    ahead: int
    turn_ms: float
    step_ms: int

    def score(self) -> int:
        """Ask it."""
        return score(**self._asdict())


anything = st.builds(
    Arguments,
    st.integers(0, 8 * 10**15),
    priorities,
    st.integers(0, 10**9),
    st.one_of(st.integers(0, 10**12), st.floats(0, 1e12)),
    st.integers(0, DAY_MS * 366),
)
likely = st.builds(Arguments, bases, priorities, st.integers(0, 10_000), st.integers(0, DAY_MS), st.just(STEP_MS))


class Submission(NamedTuple):
    """A job in line: what the rule knew of it, and the score that it was given."""

    owner: int
    priority: int
    accepted_ms: int
    base_ms: int
    ahead: int
    turn_ms: float
    score: int

    @property
    def bound_ms(self) -> float:
        """The time after which nobody who is accepted later passes this job any more."""
        return self.base_ms + 9 * STEP_MS + self.ahead * self.turn_ms


class Step(NamedTuple):
    """A submission to come: after which pause, for how long put off, and how many earlier jobs end before it."""

    owner: int
    priority: int
    pause_ms: int
    delay_ms: int
    turn_ms: float
    ending: int


pauses = st.one_of(st.just(0), st.integers(0, 60_000), st.integers(0, 10 * STEP_MS))
delays = st.one_of(st.just(0), st.integers(0, DAY_MS))
steps = st.builds(Step, st.integers(0, 2), priorities, pauses, delays, turns, st.integers(0, 3))


def submitted(sequence: Sequence[Step]) -> list[Submission]:
    """Submit one after the other; jobs end in the order of their scores, as they do with one slot."""
    now_ms = NOW_MS
    given_in: list[Submission] = []
    in_line: list[Submission] = []
    for step in sequence:
        now_ms += step.pause_ms
        in_line = sorted(in_line, key=lambda job: job.score)[step.ending :]
        ahead = sum(job.owner == step.owner and job.priority >= step.priority for job in in_line)
        base_ms = now_ms + step.delay_ms
        given_score = score(base_ms=base_ms, priority=step.priority, ahead=ahead, turn_ms=step.turn_ms)
        job = Submission(step.owner, step.priority, now_ms, base_ms, ahead, step.turn_ms, given_score)
        given_in.append(job)
        in_line.append(job)
    return given_in


@given(st.lists(steps, max_size=30))
def test_no_job_is_passed_for_ever(sequence: list[Step]) -> None:
    """Nobody passes a job who is accepted more than 9 steps and the turns that it paid after it, or its due time."""
    for earlier, later in combinations(submitted(sequence), 2):
        if later.accepted_ms > earlier.bound_ms:
            assert later.score >= earlier.score


@given(st.lists(steps, max_size=30), st.data())
def test_a_retry_is_bound_by_its_due_time_alike(sequence: list[Step], data: st.DataObject) -> None:
    """A job that failed passes nobody who waits longer than that, and nobody accepted as long after passes it."""
    for earlier, later in combinations(submitted(sequence), 2):
        due_ms = data.draw(st.integers(earlier.accepted_ms, later.accepted_ms + DAY_MS))
        again = after_retry(earlier.score, due_ms=due_ms, priority=earlier.priority)
        assert again >= earlier.score
        if later.accepted_ms > max(due_ms + 9 * STEP_MS, earlier.bound_ms):
            assert later.score >= again
        if due_ms > later.bound_ms:
            assert again >= later.score


@given(likely, likely)
def test_who_passes_whom_is_a_matter_of_lead_and_wait(earlier: Arguments, later: Arguments) -> None:
    """A job passes an earlier one exactly if its lead in priority and fair share is more than the other has waited."""
    assume(earlier.base_ms <= later.base_ms and max(earlier.score(), later.score()) < LAST_READY)
    urgency = (later.priority - earlier.priority) * STEP_MS
    share = earlier.ahead * earlier.turn_ms - later.ahead * later.turn_ms
    assert (later.score() < earlier.score()) is (urgency + share > later.base_ms - earlier.base_ms)


@given(anything)
def test_a_score_is_ready_whole_and_exact_in_doubles(arguments: Arguments) -> None:
    """It lies in [-2^53, -1], whatever the numbers, so Lua's doubles and Redis hold it as it is."""
    given_score = arguments.score()
    assert -(2**53) <= given_score <= LAST_READY
    assert int(float(given_score)) == given_score
    assert band_of(given_score) is Band.READY


@given(anything)
def test_doubles_added_from_left_to_right_give_the_same(arguments: Arguments) -> None:
    """The arithmetic of a Lua script, in which every number is a double, gives the same score to the last digit."""
    base, priority, ahead, turn, step = map(float, arguments)
    assert arguments.score() == min(math.floor(base - priority * step + ahead * turn - 4e12), -1)
    assert float(OFFSET_MS) == 4e12


@given(anything, st.integers(0, 10**15), st.integers(0, 9), st.integers(0, 10**9), st.floats(0, 1e12))
def test_each_number_moves_the_score_one_way(
    arguments: Arguments, later: int, levels: int, more: int, slower: float
) -> None:
    """Later, behind more of his own, or a slower task: never earlier. More urgent, or a larger step: never later."""
    given_score = arguments.score()
    assert arguments._replace(base_ms=arguments.base_ms + later).score() >= given_score
    assert arguments._replace(ahead=arguments.ahead + more).score() >= given_score
    assert arguments._replace(turn_ms=arguments.turn_ms + slower).score() >= given_score
    assert arguments._replace(priority=min(10, arguments.priority + levels)).score() <= given_score
    assert arguments._replace(step_ms=arguments.step_ms + more).score() <= given_score


@given(st.lists(pauses, max_size=50), priorities, turns)
def test_the_jobs_of_one_owner_keep_their_order_while_none_ends(gaps: list[int], priority: int, turn: float) -> None:
    """With one priority, first in is first out; jobs of one millisecond may tie only where a turn is less than one."""
    at_ms = NOW_MS
    scores = []
    for ahead, gap in enumerate(gaps):
        at_ms += gap
        scores.append(score(base_ms=at_ms, priority=priority, ahead=ahead, turn_ms=turn))
    assert scores == sorted(scores)
    if turn >= 1:
        assert all(one < other for one, other in pairwise(scores))


@given(st.integers(-(2**53), LAST_READY), bases, bases, priorities)
def test_a_retry_never_ranks_earlier_for_a_later_due_time(
    current: int, due_ms: int, later_ms: int, priority: int
) -> None:
    """Nor below its old score, nor out of the band."""
    assume(due_ms <= later_ms)
    soon = after_retry(current, due_ms=due_ms, priority=priority)
    late = after_retry(current, due_ms=later_ms, priority=priority)
    assert current <= soon <= late <= LAST_READY
    assert soon in {current, score(base_ms=due_ms, priority=priority, ahead=0, turn_ms=0)}
