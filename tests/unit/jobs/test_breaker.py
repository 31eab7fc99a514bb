"""Who asks a store that owes an answer, and who does without."""

import asyncio

from jobs.breaker import CircuitBreaker
from tests.support.conditions import PATIENCE_S, eventually


async def _goes_through(breaker: CircuitBreaker) -> bool:
    return breaker.lets_through()


async def test_one_at_a_time_asks_until_there_is_an_answer() -> None:
    """Whoever waited in vain is not at once the next, and while one waits nobody else does."""
    breaker = CircuitBreaker(patience_s=PATIENCE_S)
    assert breaker.lets_through()
    assert breaker.lets_through()
    for _ in range(2):
        breaker.failed()
        assert not breaker.lets_through()
        await eventually(lambda: _goes_through(breaker))
        assert not breaker.lets_through()
    breaker.answered()
    assert breaker.lets_through()
    assert breaker.lets_through()


async def test_one_who_never_says_how_it_was_keeps_the_others_no_longer_than_a_question_takes() -> None:
    """His caller has gone away meanwhile, say."""
    breaker = CircuitBreaker(patience_s=0.2)
    breaker.failed()
    await eventually(lambda: _goes_through(breaker))
    asked_at = asyncio.get_running_loop().time()
    await eventually(lambda: _goes_through(breaker))
    assert asyncio.get_running_loop().time() - asked_at >= 0.1
