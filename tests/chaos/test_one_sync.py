"""Many ask for the same sync at the same moment."""

import asyncio
from collections import Counter

import pytest

from jobs.stores.database import Database
from tests.chaos.exports import export, upload
from tests.support.processes import web_process

pytestmark = pytest.mark.usefixtures("stores_stay")

_AT_ONCE = 20


async def test_of_many_submissions_of_one_file_one_makes_the_job(environ: dict[str, str], database: Database) -> None:
    """One is answered 202, all others 200 with the same job; there is one row."""
    async with web_process(environ) as (_, client):
        file = await upload(client, export(10))
        body = {"file_id": file["id"]}
        posts = (client.post("/api/data-sync/single", json=body) for _ in range(_AT_ONCE))
        answers = await asyncio.gather(*posts)
    assert Counter(answer.status_code for answer in answers) == {202: 1, 200: _AT_ONCE - 1}
    assert len({answer.json()["task_id"] for answer in answers}) == 1
    assert len(await database.fetch("SELECT id FROM jobs")) == 1
