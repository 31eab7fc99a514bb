"""/api/audit: the log is read newest first, a page at a time, by who, what, to what and when."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.cursors import List, write_cursor
from jobs.stores import audit
from jobs.stores.database import Database
from jobs.stores.listing import Place
from jobs.stores.queries import load_queries

# Two of each second, by turns of ann (one in a thousand) and others.
_MANY = """
INSERT INTO audit (at, actor, action, object_id, outcome, details)
SELECT
    timestamptz '2020-01-01 00:00:00Z' + make_interval(secs => number / 2),
    CASE WHEN number % 1000 = 0 THEN 'ann' ELSE 'user ' || number % 50 END,
    (ARRAY['job.cancel', 'job.cancel', 'job.retry', 'queue.pause'])[1 + number % 4],
    'object ' || number % 20000,
    'done',
    '{}'
FROM generate_series(1, 100000) AS number
"""
_ONE_MORE = """
INSERT INTO audit (actor, action, object_id, outcome, details) VALUES ('ann', 'job.retry', '1', 'done', '{}')
"""


async def _log(web: httpx.AsyncClient, **query: object) -> list[dict[str, Any]]:
    answer = await web.get("/api/audit", params={name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"items", "next_cursor"}
    return list(answer.json()["items"])


@pytest.fixture
async def many(database: Database) -> Database:
    """Give a database with 100,000 entries."""
    await database.execute(_MANY)
    await database.execute("VACUUM (ANALYZE) audit")
    return database


async def test_the_log_is_read_page_by_page(web: httpx.AsyncClient, many: Database) -> None:
    """Newest first, each entry once, whatever is added meanwhile; also of entries of one moment."""
    query: dict[str, str] = {"actor": "ann", "limit": "7"}
    seen: list[int] = []
    while True:
        answer = (await web.get("/api/audit", params=query)).json()
        assert len(answer["items"]) <= 7
        seen += [entry["id"] for entry in answer["items"]]
        await many.execute(_ONE_MORE)
        if answer["next_cursor"] is None:
            break
        query["cursor"] = answer["next_cursor"]
    assert len(seen) == 100
    assert seen == sorted(set(seen), reverse=True)
    first = (await web.get("/api/audit", params={"limit": "3", "before": "2020-02-01T00:00:00Z"})).json()
    then = (await web.get("/api/audit", params={"limit": "3", "cursor": first["next_cursor"]})).json()
    assert [entry["id"] for page in (first, then) for entry in page["items"]] == list(range(100_000, 99_994, -1))


@pytest.mark.usefixtures("many")
async def test_the_log_is_filtered(web: httpx.AsyncClient) -> None:
    """By who, what, to what and when, alone and together; `after` counts, `before` does not."""
    assert len(await _log(web, actor="ann", limit=200)) == 100
    assert len(await _log(web, object_id="object 7")) == 5
    assert len(await _log(web, object_id="object 7", action="queue.pause")) == 5
    assert await _log(web, object_id="object 7", action="job.retry") == []
    assert await _log(web, actor="eve") == []
    moment = {"after": "2020-01-01T00:01:00Z", "before": "2020-01-01T01:01:02+01:00"}
    assert [entry["id"] for entry in await _log(web, **moment)] == [123, 122, 121, 120]
    assert {entry["action"] for entry in await _log(web, action="job.cancel", limit=200)} == {"job.cancel"}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"action": "job.eat"}, "action"),
        ({"actor": ""}, "actor"),
        ({"actor": "a\x00"}, "actor"),
        ({"object_id": "x" * 501}, "object_id"),
        ({"after": "yesterday"}, "after"),
        ({"after": "2026"}, "after"),
        ({"before": "2020-01-01T00:00:00"}, "before"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "ä"}, "cursor"),
        ({"cursor": "MTIzNCA="}, "cursor"),
        ({"after": "9999-12-31T00:00:00Z"}, "after"),
        ({"cursor": "x" * 3_001}, "cursor"),
        ({"cursor": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OSAx"}, "cursor"),
        ({"order": "oldest"}, "order"),
    ],
)
async def test_a_wrong_query_names_its_parameter(web: httpx.AsyncClient, query: dict[str, str], name: str) -> None:
    """422 with a pointer and a mend."""
    answer = await web.get("/api/audit", params=query)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "validation")
    assert [error["pointer"] for error in problem["errors"]] == [f"/{name}"]
    assert problem["errors"][0]["detail"]


async def test_a_forged_cursor_is_at_most_a_place(web: httpx.AsyncClient) -> None:
    """One whose id is no number, or one that no entry can have, is refused even with the right checksum."""
    for entry_id in ("0199f3c0", "-1", "9" * 19, "٣"):
        cursor = write_cursor(List.AUDIT, Place(datetime(2026, 1, 1, tzinfo=UTC), entry_id))
        answer = await web.get("/api/audit", params={"cursor": cursor or ""})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/cursor"]


# What is asked for, by the place of the parameter, and the index that leads to it.
_ASKED: tuple[tuple[Mapping[int, str], str], ...] = (
    ({}, "audit_at"),
    ({1: "'ann'"}, "audit_actor"),
    ({1: "'nobody'"}, "audit_actor"),
    ({2: "'queue.pause'"}, "audit_action"),
    ({1: "'ann'", 2: "'queue.pause'"}, "audit_deed"),
    ({1: "'ann'", 2: "'never.done'"}, "audit_deed"),
    ({3: "'object 7'"}, "audit_object"),
    ({4: "'2020-01-01 05:00Z'", 5: "'2020-01-01 06:00Z'", 6: "0"}, "audit_at"),
    ({5: "'2020-01-01 01:00Z'", 6: "7201"}, "audit_at"),
    ({1: "'ann'", 5: "'2020-01-01 06:00Z'", 6: "40000"}, "audit_actor"),
)


async def test_a_page_of_many_entries_costs_a_page(many: Database) -> None:
    """One index leads to it, and little more is read than is given: in order, or sorted where it is but a few rows.

    Also at the seventh call: by then PostgreSQL has decided whether it plans such a query anew each time.
    """
    page = load_queries(Path(audit.__file__).with_suffix(".sql"))["page"]
    async with many.connect() as connection:
        for given, index in _ASKED:
            values = ", ".join(given.get(place, "NULL") for place in range(1, 7))
            await connection.execute(
                f"PREPARE page (text, text, text, timestamptz, timestamptz, bigint, bigint) AS {page}"
            )
            for _ in range(6):
                await connection.fetch(f"EXECUTE page ({values}, 51)")
            (row,) = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE page ({values}, 51)")
            await connection.execute("DEALLOCATE page")
            (explained,) = json.loads(row[0])
            nodes = _nodes(explained["Plan"])
            assert {node["Index Name"] for node in nodes if "Index Name" in node} == {index}, (given, nodes)
            assert not [node for node in nodes if "Seq Scan" in node["Node Type"]], (given, nodes)
            assert nodes[0]["Shared Hit Blocks"] + nodes[0]["Shared Read Blocks"] < 60, (given, nodes)


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in _nodes(part))]
