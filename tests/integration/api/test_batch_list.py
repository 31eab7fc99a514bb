"""GET /api/batches: newest first, one's own or everybody's, a page at a time."""

from typing import Any

import httpx
import pytest

from jobs.stores.batches import BatchStore
from jobs.stores.database import Database
from tests.support.batches import noops, submit_batch
from tests.support.plans import ExplainedDatabase, Plans

_OTHERS = """
INSERT INTO batches (id, owner, name, total)
SELECT '0' || lpad(to_hex(number), 31, '0'), 'bob', number::text, 1 FROM generate_series(1, $1::integer) AS number
"""


async def _all(client: httpx.AsyncClient, **query: int) -> list[Any]:
    """Read a whole list; no page may be longer than was asked for."""
    found: list[Any] = []
    cursor: str | None = None
    while True:
        more: dict[str, str] = {} if cursor is None else {"cursor": cursor}
        answer = await client.get("/api/batches", params={**query, **more})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= query.get("limit", 50)
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_each_is_listed_once(admin: httpx.AsyncClient, ann: httpx.AsyncClient, limit: int) -> None:
    """Newest first, as it is shown alone, whatever the size of the pages; of others only to an administrator."""
    of_ann = [(await submit_batch(ann, noops(2), name=f"ann's {number}"))["id"] for number in range(3)]
    of_admin = [(await submit_batch(admin, noops(1)))["id"]]
    assert [batch["id"] for batch in await _all(ann, limit=limit)] == of_ann[::-1]
    listed = await _all(admin, limit=limit)
    assert [batch["id"] for batch in listed] == [*of_admin, *of_ann[::-1]]
    assert listed == [(await admin.get(f"/api/batches/{batch['id']}")).json() for batch in listed]


async def test_a_page_costs_a_page_however_many_are_of_others(
    ann: httpx.AsyncClient, admin: httpx.AsyncClient, database: Database, database_url: str
) -> None:
    """One's own are found at once behind all that is newer, and by the index alone."""
    await database.execute(_OTHERS, 10_000)
    await database.execute("INSERT INTO batches (id, owner, total) VALUES (repeat('0', 32), 'ann', 1)")
    await database.execute("VACUUM ANALYZE batches")
    assert [batch["id"] for batch in await _all(ann)] == ["0" * 32]
    assert len((await admin.get("/api/batches", params={"limit": 200})).json()["items"]) == 200
    explained = await ExplainedDatabase.open(database_url, size=1, patience_s=10, answer_s=30)
    for owner, most in (("ann", 40), ("bob", 400), (None, 400)):
        explained.plans = Plans()
        await BatchStore(explained).page(owner=owner, after=None, limit=20)
        assert explained.plans.buffers < most, f"{explained.plans.buffers} buffers of {owner}"
    await explained.close()
