"""GET /api/batches: newest first, one's own or everybody's, a page at a time."""

from typing import Any

import httpx
import pytest

from jobs.stores.database import Database
from jobs.stores.listing import MOST_LOOKED_AT
from tests.support.batches import noops, submit_batch

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


async def test_a_page_ends_however_many_are_of_others(
    ann: httpx.AsyncClient, admin: httpx.AsyncClient, database: Database
) -> None:
    """Empty, with a cursor that leads on to one's own."""
    await database.execute(_OTHERS, 2 * MOST_LOOKED_AT)
    await database.execute("INSERT INTO batches (id, owner, total) VALUES (repeat('0', 32), 'ann', 1)")
    first = (await ann.get("/api/batches")).json()
    assert first["items"] == []
    assert first["next_cursor"] is not None
    assert [batch["id"] for batch in await _all(ann)] == ["0" * 32]
    assert len((await admin.get("/api/batches", params={"limit": 200})).json()["items"]) == 200
