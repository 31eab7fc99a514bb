"""Files become facts: through the API, the worker, the reading process and PostgreSQL."""

import asyncio
import csv
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from jobs.stores.database import Database
from tests.support.files import ORDERS, RETAIL, as_csv, as_xlsx, needs_retail, publish, sync, sync_rows, upload

ROWS = (
    ("A1", "x", 2, "1.50", "2026-03-01 10:00:00"),
    ("A1", "y", 1, "9.99", "2026-03-01 10:00:00"),
    ("A2", "x", 5, "1.50", "2026-03-02 11:00:00"),
)


async def facts(database: Database) -> list[dict[str, Any]]:
    """Read all facts, in the order of day and content."""
    query = "SELECT * FROM facts ORDER BY business_date, data ->> 'order_no', data ->> 'sku', row_hash"
    return [dict(row) for row in await database.fetch(query)]


@needs_retail
async def test_a_real_day_is_loaded_whole(site: httpx.AsyncClient, database: Database) -> None:
    """Counts add up, the sum of money is the file's, and a second run changes nothing."""
    path = RETAIL / "2010-12-01.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    await publish(
        site,
        fields=list(rows[0]),
        key_fields=["InvoiceNo", "StockCode"],
        date_rule={"field": "InvoiceDate"},
    )
    file = (await upload(site, path.read_bytes())).json()
    first = await sync(site, file["id"])
    assert first["state"] == "succeeded"
    assert first["rows"] == {"read": 3108, "inserted": 3108, "updated": 0, "unchanged": 0, "quarantined": 0}
    stored = await database.fetch_row(
        "SELECT count(*) AS n, sum((data->>'Quantity')::numeric * (data->>'UnitPrice')::numeric) AS total FROM facts"
    )
    assert stored is not None
    expected = sum(Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) for row in rows)
    assert (stored["n"], stored["total"]) == (3108, expected)
    before = await facts(database)
    second = await sync(site, file["id"])
    assert second["rows"] == {"read": 3108, "inserted": 0, "updated": 0, "unchanged": 3108, "quarantined": 0}
    assert await facts(database) == before


async def test_a_fact_says_where_it_is_from(site: httpx.AsyncClient, database: Database) -> None:
    """Platform, shop, domain, day, currency, file and template, and the row as read."""
    template = await publish(site, fields=("order_no", "sku", "quantity", "price(CNY)", "ordered_at"))
    header = ("order_no", "sku", "quantity", "price（EUR）", "ordered_at")
    file = (await upload(site, as_csv([header, ROWS[0]]))).json()
    progress = await sync(site, file["id"])
    assert progress["state"] == "succeeded", progress
    (fact,) = await facts(database)
    assert (fact["platform"], fact["shop_id"], fact["domain"]) == ("shop", "s1", "orders")
    assert (fact["business_date"], fact["currency"]) == (date(2026, 3, 1), "EUR")
    assert (str(fact["file_id"]), str(fact["template_id"])) == (file["id"], template["id"])
    assert fact["data"] == {
        "order_no": "A1",
        "sku": "x",
        "quantity": "2",
        "price(CNY)": "1.50",
        "ordered_at": "2026-03-01 10:00:00",
    }


async def test_csv_and_excel_of_one_order_are_one_fact(site: httpx.AsyncClient, database: Database) -> None:
    """A number and a date in Excel are the text in csv, as far as identity goes."""
    await publish(site)
    csv_rows = [ORDERS, (1001, "x", 2, "1.5", "2026-03-01 10:00:00")]
    excel_rows = [ORDERS, (1001, "x", 2, 1.5, datetime(2026, 3, 1, 10))]  # noqa: DTZ001  Excel knows no zones
    first = await sync(site, (await upload(site, as_csv(csv_rows))).json()["id"])
    second = await sync(site, (await upload(site, as_xlsx(excel_rows), name="orders.xlsx")).json()["id"])
    assert first["rows"]["inserted"] == 1
    assert second["rows"]["updated"] == 1
    assert len(await facts(database)) == 1


async def test_tomorrows_file_does_not_overwrite_todays(site: httpx.AsyncClient, database: Database) -> None:
    """The business date is part of a fact's identity."""
    await publish(site)
    await sync_rows(site, [("A1", "x", 1, "1", "2026-03-01")])
    await sync_rows(site, [("A1", "x", 2, "1", "2026-03-02")])
    assert [fact["data"]["quantity"] for fact in await facts(database)] == ["1", "2"]


async def test_a_later_order_file_fills_in_and_never_empties(site: httpx.AsyncClient, database: Database) -> None:
    """In the domain orders a value that is there wins over none; what changed counts as updated."""
    await publish(site)
    await sync_rows(site, ROWS)
    changed = [("A1", "x", "", "2.00", "2026-03-01 10:00:00"), *ROWS[1:]]
    progress = await sync_rows(site, changed)
    assert progress["rows"] == {"read": 3, "inserted": 0, "updated": 1, "unchanged": 2, "quarantined": 0}
    first = (await facts(database))[0]["data"]
    assert (first["quantity"], first["price"]) == ("2", "2.00")


@pytest.mark.parametrize("blank", [" ", "\t", "\u3000\r\n"])
async def test_a_cell_of_white_space_empties_no_order(site: httpx.AsyncClient, database: Database, blank: str) -> None:
    """Many exports pad what is empty: of the same key in a later file and in the same one, that is none."""
    await publish(site, repeats="merge")
    await sync_rows(site, ROWS[:1])
    padded = ("A1", "x", blank, "2.00", "2026-03-01 10:00:00")
    counts = (await sync_rows(site, [padded, ROWS[1], ("A1", "y", blank, blank, ROWS[1][4])]))["rows"]
    assert (counts["inserted"], counts["updated"]) == (2, 1)
    assert [(fact["data"]["quantity"], fact["data"]["price"]) for fact in await facts(database)] == [
        ("2", "2.00"),
        ("1", "9.99"),
    ]


async def test_other_domains_replace(site: httpx.AsyncClient, database: Database) -> None:
    """A snapshot says what is, also where that is nothing."""
    await publish(site, domain="inventory")
    await sync_rows(site, ROWS[:1], domain="inventory")
    await sync_rows(site, [("A1", "x", "", "2.00", "2026-03-01 10:00:00")], domain="inventory")
    (fact,) = await facts(database)
    assert (fact["data"]["quantity"], fact["data"]["price"]) == ("", "2.00")


async def test_a_file_that_says_the_same_again_only_moves_the_last_sighting(
    site: httpx.AsyncClient, database: Database
) -> None:
    """Rows are unchanged; the fact names the file that showed it last."""
    await publish(site)
    await sync_rows(site, ROWS[:1])
    progress = await sync_rows(site, [ROWS[0], ("B9", "z", 1, "1", "2026-03-01")])
    assert progress["rows"] == {"read": 2, "inserted": 1, "updated": 0, "unchanged": 1, "quarantined": 0}
    old = (await facts(database))[0]
    assert old["last_seen_at"] > old["first_seen_at"]
    latest = (await database.fetch("SELECT id FROM files ORDER BY id DESC LIMIT 1"))[0]["id"]
    assert old["file_id"] == latest


REPEATED = (
    ("A1", "x", 1, "1.00", "2026-03-01"),
    ("A1", "x", 2, "", "2026-03-01"),
    ("A2", "x", 4, "1.00", "2026-03-01"),
    ("A1", "x", 1, "1.00", "2026-03-01"),
)


@pytest.mark.parametrize(
    ("repeats", "counts", "quantities", "state"),
    [
        ("number", {"inserted": 4, "quarantined": 0}, ["1", "1", "2", "4"], "ingested"),
        ("merge", {"inserted": 4, "quarantined": 0}, ["1", "4"], "ingested"),
        ("quarantine", {"inserted": 2, "quarantined": 2}, ["1", "4"], "partial"),
    ],
)
async def test_a_key_that_comes_again_in_a_file_follows_the_template(
    site: httpx.AsyncClient,
    database: Database,
    repeats: str,
    counts: dict[str, int],
    quantities: list[str],
    state: str,
) -> None:
    """Each occurrence a fact of its own, all one fact, or the first only; a second run changes nothing."""
    await publish(site, repeats=repeats)
    file = (await upload(site, as_csv([ORDERS, *REPEATED]))).json()
    progress = await sync(site, file["id"])
    assert progress["rows"] == {"read": 4, "updated": 0, "unchanged": 0, **counts}
    before = await facts(database)
    assert sorted(fact["data"]["quantity"] for fact in before) == quantities
    assert (await site.get(f"/api/data-sync/files/{file['id']}")).json()["state"] == state
    aside = await database.fetch("SELECT row_number, reason FROM quarantined_rows ORDER BY row_number")
    expected = [(3, "has the key of row 2"), (5, "has the key of row 2")] if counts["quarantined"] else []
    assert [tuple(row) for row in aside] == expected
    again = await sync(site, file["id"])
    assert again["rows"] == {
        "read": 4,
        "inserted": 0,
        "updated": 0,
        "unchanged": counts["inserted"],
        "quarantined": counts["quarantined"],
    }
    assert await facts(database) == before


async def test_the_template_without_sub_domain_serves_those_that_have_none(site: httpx.AsyncClient) -> None:
    """An exact match wins; else the one for the whole domain; the highest published version counts."""
    await publish(site)
    newest = await publish(site)
    draft = {**newest, "fields": ["other"], "key_fields": ["other"], "date_rule": {"field": "other"}}
    for name in ("id", "version", "state", "created_at"):
        del draft[name]
    assert (await site.post("/api/data-sync/templates", json=draft)).status_code == 201
    progress = await sync_rows(site, ROWS, sub_domain="returns")
    assert progress["state"] == "succeeded"
    job = (await site.get(f"/api/jobs/{progress['task_id']}")).json()
    assert job["result"]["template_version"] == newest["version"]


async def test_a_file_without_a_template_is_skipped_with_the_reason(site: httpx.AsyncClient) -> None:
    """It did not fail, and it is not done: the file says what it waits for."""
    file = (await upload(site, as_csv([ORDERS, *ROWS]))).json()
    progress = await sync(site, file["id"])
    assert (progress["state"], progress["files"]["skipped"], progress["percent"]) == ("succeeded", 1, 100)
    shown = (await site.get(f"/api/data-sync/files/{file['id']}")).json()
    assert shown["state"] == "needs_template"
    assert "template" in shown["last_error"]
    await publish(site)
    assert (await sync(site, file["id"]))["rows"]["inserted"] == 3


@pytest.mark.parametrize(
    ("rows", "state", "kind", "says"),
    [
        (
            [("order_no", "SKU2", "quantity", "price", "ordered_at"), *ROWS],
            "header_changed",
            "HeaderChangedError",
            "SKU2",
        ),
        ([ORDERS, *ROWS, ("A3", "x" * 40_000, 1, "1", "2026-03-01")], "failed", "LimitExceededError", "row 5"),
    ],
)
async def test_a_file_that_cannot_be_loaded_fails_whole(
    site: httpx.AsyncClient, database: Database, rows: list[tuple[object, ...]], state: str, kind: str, says: str
) -> None:
    """It says where and why, and not one of its rows is kept."""
    await publish(site)
    file = (await upload(site, as_csv(rows))).json()
    progress = await sync(site, file["id"])
    assert (progress["state"], progress["files"]["failed"], progress["errors_total"]) == ("failed", 1, 1)
    (error,) = progress["errors"]
    assert (error["type"], error["file_id"], error["file"]) == (kind, file["id"], "orders.csv")
    assert says in error["message"]
    shown = (await site.get(f"/api/data-sync/files/{file['id']}")).json()
    assert (shown["state"], says in shown["last_error"]) == (state, True)
    assert await facts(database) == []


async def test_progress_is_live_while_a_file_is_read(site: httpx.AsyncClient) -> None:
    """Rows read and percent rise before the end, and the current file is named."""
    await publish(site)
    rows = [(f"A{n}", "x", 1, "1", "2026-03-01") for n in range(60_000)]
    file = (await upload(site, as_csv([ORDERS, *rows]))).json()
    task_id = (await site.post("/api/data-sync/single", json={"file_id": file["id"]})).json()["task_id"]
    seen = set()
    async with asyncio.timeout(60):
        while True:
            progress = (await site.get(f"/api/data-sync/progress/{task_id}")).json()
            if progress["state"] not in {"queued", "running"}:
                break
            if progress["state"] == "running":
                assert progress["current_file"] == "orders.csv"
                seen.add((progress["rows"]["read"], progress["percent"]))
    assert progress["rows"]["inserted"] == 60_000
    assert progress["percent"] == 100
    assert any(0 < read <= 60_000 and 0 < percent < 100 for read, percent in seen)


async def test_many_submissions_of_one_file_make_one_job(web: httpx.AsyncClient, database: Database) -> None:
    """One wins with 202; all others get its job with 200."""
    file = (await upload(web, as_csv([ORDERS, *ROWS]))).json()
    answers = await asyncio.gather(
        *(web.post("/api/data-sync/single", json={"file_id": file["id"]}) for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [202]
    assert len({answer.json()["task_id"] for answer in answers}) == 1
    assert len(await database.fetch("SELECT id FROM jobs")) == 1
