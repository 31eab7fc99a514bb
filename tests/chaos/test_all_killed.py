"""Web process, worker and steward are killed at random moments under load, all at once: what was accepted ends."""

import asyncio
from collections import Counter

import pytest
from redis.asyncio import Redis

from jobs.stores.database import Database
from tests.chaos.mortals import MortalSite, mortal_site
from tests.support.bed import NOTE_ENDS, SHORT_LEASE
from tests.support.conditions import eventually
from tests.support.leaks import assert_nobody_has_anything
from tests.support.site import Json

pytestmark = pytest.mark.usefixtures("stores_stay")

_SUBMITTERS = 3
_KINDS: tuple[tuple[str, Json], ...] = (("diag.noop", {}), ("diag.sleep", {"seconds": 0.1}))
_ALL_END_WITHIN_S = 60.0


async def _submit(site: MortalSite, accepted: list[str]) -> None:
    """Submit one job after the other until all were killed."""
    while site.is_dying:
        task, args = site.luck.choice(_KINDS)
        answer = await site.post("/api/jobs", {"task": task, "args": args})
        if answer is not None:
            assert answer.status_code == 202, answer.text
            accepted.append(answer.json()["id"])


async def test_whoever_is_killed_what_was_accepted_ends(environ: dict[str, str], database: Database) -> None:
    """Each once; and so does what was stored though its submitter never heard of it."""
    await database.execute(NOTE_ENDS)
    accepted: list[str] = []
    async with mortal_site({**environ, **SHORT_LEASE}) as site:
        await asyncio.gather(*(_submit(site, accepted) for _ in range(_SUBMITTERS)))

        async def all_are_written() -> bool:
            return not await database.fetch("SELECT FROM jobs WHERE finished_at IS NULL LIMIT 1")

        await eventually(all_are_written, within_s=_ALL_END_WITHIN_S)
        async with Redis.from_url(environ["REDIS_URL"]) as redis:
            await assert_nobody_has_anything(redis)
    rows = {row["id"]: row["state"] for row in await database.fetch("SELECT id, state FROM jobs")}
    assert accepted
    assert site.broken
    assert set(accepted) <= rows.keys()
    assert set(rows.values()) == {"succeeded"}
    ends = Counter(row["job_id"] for row in await database.fetch("SELECT job_id FROM ends"))
    assert ends == Counter(rows.keys())
