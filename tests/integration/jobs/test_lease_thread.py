"""The thread that renews leases: it outlives whatever Redis answers."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from redis.exceptions import NoPermissionError

from jobs.errors import StoreUnavailableError
from jobs.held import Holdings
from jobs.lease_keeper import LeaseKeeper
from jobs.stores.leases import Renewals, Timing
from jobs.stores.redis import connect_blocking
from tests.support.conditions import PATIENCE_S


@pytest.fixture
def renewals(redis_url: str) -> Iterator[Renewals]:
    """Give who renews, by the test's Redis."""
    redis = connect_blocking(redis_url, patience_s=PATIENCE_S)
    yield Renewals(redis, worker="one", timing=Timing(lease_ms=15_000, renew_ms=20, step_ms=1))
    redis.close()


async def test_an_answer_that_nobody_has_thought_of_is_no_end(
    renewals: Renewals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while an administrator changes the rights of the worker's user: it is an outage, and ends as one."""
    renew, answers = renewals.renew, [NoPermissionError("this user may not"), TypeError("a fault")]

    def renew_by_and_by(*args: Any, **more: Any) -> Any:  # noqa: ANN401  what it takes and gives
        if answers:
            raise answers[0]
        return renew(*args, **more)

    monkeypatch.setattr(renewals, "renew", renew_by_and_by)
    keeper = LeaseKeeper(renewals=renewals, holdings=Holdings(), lost=lambda _: None, cancelled=lambda _: None)
    keeper.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while answers:
                with pytest.raises(StoreUnavailableError):
                    await keeper.renewed()
                answers.pop(0)
            await keeper.renewed()
    finally:
        await keeper.close()
