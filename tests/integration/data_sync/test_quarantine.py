"""Rows that were set aside are listed, mended and replayed: each becomes the fact that it would have been."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import httpx
import pytest

from jobs.stores.database import Database
from tests.support.files import ORDERS, as_csv, as_xlsx, publish, sync, upload

GOOD = ("A1", "x", 2, "1.50", "2026-03-01")
UNDATED = ("A2", "x", 5, "1.50", "soon")
Rows = Sequence[Sequence[object]]


class Sheet:
    """A file that was synced, and what can be done with its rows."""

    def __init__(self, site: httpx.AsyncClient, file_id: str) -> None:
        self._site = site
        self.id = file_id

    @classmethod
    async def of(cls, site: httpx.AsyncClient, rows: Rows, *, in_a_book: bool = False, **place: str) -> "Sheet":
        """Upload and sync one."""
        content = (as_xlsx if in_a_book else as_csv)([ORDERS, *rows])
        sheet = cls(site, (await upload(site, content, **place)).json()["id"])
        await sheet.sync()
        return sheet

    async def sync(self) -> Any:  # noqa: ANN401  JSON
        """Sync it (again); give the row counts."""
        return (await sync(self._site, self.id))["rows"]

    async def state(self) -> str:
        """Give the file's state."""
        return str((await self._site.get(f"/api/data-sync/files/{self.id}")).json()["state"])

    async def aside(self, **query: object) -> Any:  # noqa: ANN401  JSON
        """Give a page of what is set aside."""
        answer = await self._site.get(f"/api/data-sync/files/{self.id}/quarantine", params=query)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def replay(self, number: object, mended: Mapping[str, object] | None = None) -> httpx.Response:
        """Replay a row; without `mended` there is no body."""
        path = f"/api/data-sync/files/{self.id}/quarantine/{number}/replay"
        return await (self._site.post(path) if mended is None else self._site.post(path, json={"row": mended}))


async def facts(database: Database) -> list[tuple[object, ...]]:
    """Give day, order, quantity, currency and hash of all facts, in this order."""
    rows = await database.fetch(
        "SELECT business_date, data ->> 'order_no' AS no, data ->> 'quantity' AS n, currency, row_hash FROM facts"
    )
    return sorted(tuple(row) for row in rows)


async def test_the_list_shows_what_is_set_aside_page_by_page(site: httpx.AsyncClient) -> None:
    """By row number, with reason, problems and the row; a file without any has an empty list."""
    await publish(site)
    sheet = await Sheet.of(site, [UNDATED, GOOD, UNDATED, UNDATED])
    first = await sheet.aside(limit=2)
    assert [item["row_number"] for item in first["items"]] == [2, 4]
    assert first["items"][0]["reason"] == 'ordered_at "soon" is no date'
    assert first["items"][0]["problems"] == [{"field": "ordered_at", "detail": '"soon" is no date'}]
    assert first["items"][0]["row"] == dict(zip(ORDERS, ("A2", "x", "5", "1.50", "soon"), strict=True))
    second = await sheet.aside(limit=2, cursor=first["next_cursor"])
    assert ([item["row_number"] for item in second["items"]], second["next_cursor"]) == ([5], None)
    whole = await Sheet.of(site, [("B1", "x", 1, "1", "2026-03-01")])
    assert await whole.aside() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("in_a_book", [False, True], ids=["csv", "xlsx"])
async def test_a_mended_row_becomes_the_fact_that_it_would_have_been(
    site: httpx.AsyncClient, database: Database, *, in_a_book: bool
) -> None:
    """With the same hash, day and currency; it leaves the quarantine, and the file is whole."""
    fields = ("order_no", "sku", "quantity", "price(CNY)", "ordered_at")
    await publish(site, fields=fields, key_fields=["order_no", "ordered_at"], types={"quantity": "integer"})
    day = datetime(2026, 3, 1, 10) if in_a_book else "2026-03-01 10:00:00"  # noqa: DTZ001  Excel knows no zones
    write = as_xlsx if in_a_book else as_csv
    bad = (await upload(site, write([fields, ("A1", "x", 2, "1", day), ("A2", "x", "?", "1", day)]))).json()
    sheet = Sheet(site, bad["id"])
    await sheet.sync()
    answer = await sheet.replay(3, {"quantity": 5})
    assert (answer.status_code, answer.json()) == (
        200,
        {"row_number": 3, "outcome": "inserted", "remaining": 0, "file_state": "ingested"},
    )
    assert ((await sheet.aside())["items"], await sheet.state()) == ([], "ingested")
    mended = await facts(database)
    assert [row[:4] for row in mended] == [(date(2026, 3, 1), f"A{n}", n_, "CNY") for n, n_ in ((1, "2"), (2, "5"))]
    sent_again = (await upload(site, write([fields, ("A1", "x", 2, "1", day), ("A2", "x", 5, "1", day)]))).json()
    assert (await Sheet(site, sent_again["id"]).sync())["unchanged"] == 2
    assert await facts(database) == mended


async def test_another_sync_of_the_file_knows_the_row_as_loaded(site: httpx.AsyncClient, database: Database) -> None:
    """It is unchanged, not in quarantine again, and the counts add up."""
    await publish(site)
    sheet = await Sheet.of(site, [GOOD, UNDATED, ("A3", "x", 1, "1", "later")])
    await sheet.replay(3, {"ordered_at": "2026-03-02"})
    before = await facts(database)
    assert len(before) == 2
    assert await sheet.sync() == {"read": 3, "inserted": 0, "updated": 0, "unchanged": 2, "quarantined": 1}
    assert await facts(database) == before
    assert ([item["row_number"] for item in (await sheet.aside())["items"]], await sheet.state()) == ([4], "partial")
    assert (await sheet.replay(3, {"ordered_at": "2026-03-02"})).status_code == 409


@pytest.mark.parametrize(
    ("mended", "pointers"),
    [
        (None, ["/row/ordered_at"]),
        ({"ordered_at": "2026-02-30"}, ["/row/ordered_at"]),
        ({"ordered_at": "2026-03-01", "quantity": "many", "sku": " "}, ["/row/sku", "/row/quantity"]),
        ({"ordered_at": "2026-03-01", "colour": "red"}, ["/row/colour"]),
        ({"ordered_at": "2026-03-01", "sku": "a\x00b"}, ["/row/sku"]),
        ({"ordered_at": None}, ["/row/ordered_at"]),
        ({"ordered_at": "2026-03\x00-01"}, ["/row/ordered_at"] * 2),
    ],
)
async def test_a_row_that_still_fails_stays(
    site: httpx.AsyncClient, database: Database, mended: Mapping[str, object] | None, pointers: Sequence[str]
) -> None:
    """422 names the fields; nothing is changed."""
    await publish(site, required_fields=["sku"], types={"quantity": "integer"})
    sheet = await Sheet.of(site, [GOOD, UNDATED])
    before = await facts(database), await sheet.aside()
    answer = await sheet.replay(3, mended)
    assert (answer.status_code, answer.json()["type"]) == (422, "validation")
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert (await facts(database), await sheet.aside()) == before
    assert await sheet.state() == "partial"


@pytest.mark.parametrize("text", ["2026-02-30T00:00:00", "2026-03-01T25:00:00", "0000-03-01T00:00:00"])
async def test_a_moment_that_there_is_not_is_no_date_of_a_book(site: httpx.AsyncClient, text: str) -> None:
    """It has the form of one, as JSON shows those of a sheet; in a field of texts it is a text."""
    await publish(site)
    sheet = await Sheet.of(site, [GOOD, UNDATED], in_a_book=True)
    answer = await sheet.replay(3, {"ordered_at": text})
    told = [{"pointer": "/row/ordered_at", "detail": f'"{text}" is no date'}]
    assert (answer.status_code, answer.json()["errors"]) == (422, told)
    assert (await sheet.replay(3, {"ordered_at": "2026-03-01T10:00:00", "sku": text})).status_code == 200


@pytest.mark.parametrize("number", [1, 2, 4, 99, 2**31, 10**30, "x", "-3", "3.0", "٣"])
async def test_a_row_that_is_not_set_aside_is_not_there(site: httpx.AsyncClient, number: object) -> None:
    """404, also for what is no number."""
    await publish(site)
    sheet = await Sheet.of(site, [GOOD, UNDATED])
    assert (await sheet.replay(number, {"ordered_at": "2026-03-01"})).status_code == 404


async def test_of_many_replays_of_one_row_one_wins(site: httpx.AsyncClient, database: Database) -> None:
    """All others are told so, and there is one fact."""
    await publish(site)
    sheet = await Sheet.of(site, [UNDATED])
    answers = await asyncio.gather(*(sheet.replay(2, {"ordered_at": "2026-03-01"}) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert len(await facts(database)) == 1


async def test_cells_beyond_the_headers_are_put_where_they_belong(site: httpx.AsyncClient, database: Database) -> None:
    """The value is given its field, and the surplus cell is emptied."""
    await publish(site)
    sheet = await Sheet.of(site, [("A1", "x", 1, "1", "of wood", "2026-03-01")])
    assert (await sheet.replay(2, {"ordered_at": "2026-03-01"})).json()["errors"][0]["pointer"] == "/row/column 6"
    answer = await sheet.replay(2, {"ordered_at": "2026-03-01", "column 6": None})
    assert answer.json()["outcome"] == "inserted"
    assert [row[:3] for row in await facts(database)] == [(date(2026, 3, 1), "A1", "1")]


async def test_occurrences_of_a_key_stay_apart(site: httpx.AsyncClient, database: Database) -> None:
    """A row that had an identity takes its own place; one that has got it by mending, the next that is free."""
    await publish(site, types={"quantity": "integer"})
    day = "2026-03-01"
    rows = [("A1", "x", 1, "1", day), ("A1", "x", "?", "1", day), ("A1", "x", 3, "1", day), ("A1", "x", 4, "1", "soon")]
    sheet = await Sheet.of(site, rows)
    assert (await sheet.replay(5, {"ordered_at": day})).json()["outcome"] == "inserted"
    assert (await sheet.replay(3, {"quantity": 2})).json()["outcome"] == "inserted"
    mended = await facts(database)
    assert sorted(str(row[2]) for row in mended) == ["1", "2", "3", "4"]
    whole = [("A1", "x", n, "1", day) for n in (1, 2, 3, 4)]
    again = (await upload(site, as_csv([ORDERS, *whole]))).json()
    assert (await Sheet(site, again["id"]).sync())["unchanged"] == 4
    assert await facts(database) == mended


async def test_a_row_does_not_take_the_place_of_a_later_file_s(site: httpx.AsyncClient, database: Database) -> None:
    """One that got its key by mending is another occurrence; of an earlier file's fact it is the newer state."""
    await publish(site)
    earlier = await Sheet.of(site, [("A1", "x", 1, "1", "2026-03-01")])
    sheet = await Sheet.of(site, [("A1", "x", 2, "1", "soon")])
    assert (await sheet.replay(2, {"ordered_at": "2026-03-01"})).json()["outcome"] == "updated"
    assert [row[2] for row in await facts(database)] == ["2"]
    late = await Sheet.of(site, [("A9", "x", 2, "1", "soon")])
    await Sheet.of(site, [("A9", "x", 7, "1", "2026-03-01")])
    assert (await late.replay(2, {"ordered_at": "2026-03-01"})).json()["outcome"] == "inserted"
    assert sorted(str(row[2]) for row in await facts(database)) == ["2", "2", "7"]
    assert await earlier.state() == "ingested"


async def test_a_replay_follows_what_repeats_says(site: httpx.AsyncClient, database: Database) -> None:
    """`merge`: it fills in the one fact; `quarantine`: the key must be free, with the day."""
    day = "2026-03-01"
    await publish(site, platform="merging", repeats="merge", domain="products")
    merging = await Sheet.of(
        site, [("A1", "x", 1, "", day), ("A1", "x", "", "9", "soon")], platform="merging", domain="products"
    )
    assert (await merging.replay(3, {"ordered_at": day})).json()["outcome"] == "updated"
    stored = await database.fetch("SELECT data ->> 'quantity', data ->> 'price' FROM facts")
    assert [tuple(row) for row in stored] == [("1", "9")]
    await publish(site, platform="single", repeats="quarantine")
    single = await Sheet.of(site, [("A1", "x", 1, "1", day), ("A1", "x", 2, "1", day)], platform="single")
    refused = await single.replay(3)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/row/order_no", "/row/sku"]
    assert (await single.replay(3, {"sku": "y"})).json() == {
        "row_number": 3,
        "outcome": "inserted",
        "remaining": 0,
        "file_state": "ingested",
    }
    assert await single.sync() == {"read": 2, "inserted": 0, "updated": 0, "unchanged": 2, "quarantined": 0}


async def test_all_rows_can_be_replayed_after_the_template_was_mended(
    site: httpx.AsyncClient, database: Database
) -> None:
    """Page by page; those that fail again are told and stay."""
    await publish(site)
    rows = [(f"A{n}", "x", 1, "1", "03/01/2026") for n in range(3)]
    sheet = await Sheet.of(site, [*rows, ("A9", "x", 1, "1", "soon")])
    await publish(site, date_rule={"field": "ordered_at", "format": "%m/%d/%Y"})
    path = f"/api/data-sync/files/{sheet.id}/quarantine/replay"
    first = (await site.post(path, params={"limit": 2})).json()
    assert first == {"replayed": 2, "failed": [], "next_cursor": 3}
    second = (await site.post(path, params={"cursor": first["next_cursor"]})).json()
    assert (second["replayed"], second["next_cursor"]) == (1, None)
    (failed,) = second["failed"]
    assert (failed["row_number"], failed["errors"][0]["pointer"]) == (5, "/row/ordered_at")
    assert [row[:2] for row in await facts(database)] == [(date(2026, 3, 1), f"A{n}") for n in range(3)]
    assert await sheet.state() == "partial"


async def test_two_that_replay_all_rows_at_once_replay_each_once(site: httpx.AsyncClient, database: Database) -> None:
    """Neither is refused for what the other has done."""
    await publish(site)
    sheet = await Sheet.of(site, [(f"A{n}", "x", 1, "1", "03/01/2026") for n in range(150)])
    await publish(site, date_rule={"field": "ordered_at", "format": "%m/%d/%Y"})
    path = f"/api/data-sync/files/{sheet.id}/quarantine/replay"
    answers = await asyncio.gather(*(site.post(path, params={"limit": 200}) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
    assert sum(answer.json()["replayed"] for answer in answers) == 150
    assert [answer.json()["failed"] for answer in answers] == [[], []]
    assert len(await facts(database)) == 150
    assert await sheet.state() == "ingested"


async def test_who_replays_a_row_is_written_down(site: httpx.AsyncClient) -> None:
    """With the row and the fields that were mended, not their values; what replays nothing leaves no entry."""
    await publish(site)
    sheet = await Sheet.of(site, [UNDATED, ("A3", "x", 1, "1", "01/03/2026"), GOOD])
    assert (await sheet.replay(2, {"ordered_at": "soon"})).status_code == 422
    assert (await sheet.replay(2, {"sku": "y", "ordered_at": "2026-03-01"})).status_code == 200
    assert (await sheet.replay(2)).status_code == 409
    await publish(site, date_rule={"field": "ordered_at", "format": "%d/%m/%Y"})
    every = await site.post(f"/api/data-sync/files/{sheet.id}/quarantine/replay")
    assert every.json()["replayed"] == 1
    told: Any = (await site.get("/api/audit", params={"object_id": sheet.id})).json()["items"]
    assert [(entry["action"], entry["actor"], entry["outcome"]) for entry in told] == [
        ("row.replay", "admin", "done")
    ] * 2
    assert told[-1]["details"] == {"owner": "admin", "row_number": 2, "mended": ["ordered_at", "sku"]}
