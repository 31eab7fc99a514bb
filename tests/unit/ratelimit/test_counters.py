"""Decisions are counted by few words, whoever asks for whatever."""

from ratelimit.bucket import Backend, BucketState, Decision
from ratelimit.counters import Cell, Counters, Outcome
from tests.support.severed import want


def _decision(backend: Backend, *waits: tuple[str, int | None], admitted: bool) -> Decision:
    states = (BucketState(request=want(policy), remaining=0, full_at_s=0, wait_us=wait_us) for policy, wait_us in waits)
    return Decision(admitted=admitted, states=tuple(states), backend=backend)


def test_each_bucket_that_was_charged_counts() -> None:
    """By its policy and by what decided."""
    counters = Counters()
    for _ in range(2):
        counters.count((), _decision(Backend.REDIS, ("default", 0), ("guard", 0), admitted=True))
    assert counters.decisions == {
        Cell("default", Outcome.ADMITTED, Backend.REDIS): 2,
        Cell("guard", Outcome.ADMITTED, Backend.REDIS): 2,
    }


def test_of_a_denial_those_count_that_denied() -> None:
    """Not those that would have let it pass; one that never fits is one of them."""
    counters = Counters()
    denial = _decision(Backend.LOCAL, ("default", 5), ("guard", 0), ("batch", None), admitted=False)
    counters.count((), denial)
    counters.count((), denial, remembered=True)
    assert counters.decisions == {
        Cell(policy, outcome, Backend.LOCAL): 1
        for policy in ("default", "batch")
        for outcome in (Outcome.DENIED, Outcome.REMEMBERED)
    }


def test_where_nobody_decides_all_that_was_asked_for_counts() -> None:
    """By the word that decided in his place."""
    counters = Counters()
    asked = (want("default"), want("guard"))
    counters.count(asked, _decision(Backend.OPEN, admitted=True))
    counters.count(asked, _decision(Backend.CLOSED, admitted=False))
    assert sum(counters.decisions.values()) == 4
    assert counters.decisions[Cell("guard", Outcome.ADMITTED, Backend.OPEN)] == 1
    assert counters.decisions[Cell("guard", Outcome.DENIED, Backend.CLOSED)] == 1


def test_there_are_not_more_policies_than_a_hundred() -> None:
    """One beyond is one of the others."""
    counters = Counters()
    for number in range(150):
        counters.add([f"policy-{number}"], Outcome.ADMITTED, Backend.REDIS)
    assert len(counters.decisions) == 101
    assert counters.decisions[Cell("other", Outcome.ADMITTED, Backend.REDIS)] == 50
    counters.add(["policy-0"], Outcome.ADMITTED, Backend.REDIS)
    assert counters.decisions[Cell("policy-0", Outcome.ADMITTED, Backend.REDIS)] == 2
