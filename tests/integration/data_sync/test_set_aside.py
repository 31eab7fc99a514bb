"""Rows that cannot be loaded are set aside with number, reason and content; all others become facts."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import httpx
import pytest

from jobs.stores.database import Database
from tests.support.books import DATA
from tests.support.files import ORDERS, as_csv, as_xlsx, publish, sync, upload

GOOD = ("A1", "x", 2, "1.50", "2026-03-01 10:00:00")


async def _aside(database: Database) -> list[tuple[int, str, Any]]:
    rows = await database.fetch("SELECT row_number, reason, data FROM quarantined_rows ORDER BY row_number")
    return [(row["row_number"], row["reason"], row["data"]) for row in rows]


async def test_each_bad_row_is_set_aside_and_the_rest_is_loaded(site: httpx.AsyncClient, database: Database) -> None:
    """No date, a required field that is empty, a wrong type, a NUL, too many cells; counts add up on both runs."""
    await publish(site, required_fields=["sku", "ordered_at"], types={"quantity": "integer", "price": "number"})
    rows = [
        ORDERS,
        GOOD,
        ("A2", "x", 1, "1", "2026-13-45"),
        ("A3", " ", 1, "1", "2026-03-01"),
        ("A4", "x", "two", "1,5", "2026-03-01"),
        ("A5", "a\x00b", 1, "1", "2026-03-01"),
        ("A6", "x", 1, "1", "2026-03-01", "more"),
        ("A7", "x", 1),
        ("A8", "x", 1, "", "2026-03-01"),
    ]
    file = (await upload(site, as_csv(rows))).json()
    progress = await sync(site, file["id"])
    assert progress["state"] == "succeeded"
    assert progress["rows"] == {"read": 8, "inserted": 2, "updated": 0, "unchanged": 0, "quarantined": 6}
    before = await _aside(database)
    assert [(number, reason) for number, reason, _ in before] == [
        (3, 'ordered_at "2026-13-45" is no date'),
        (4, "sku is empty"),
        (5, 'quantity "two" is no whole number; price "1,5" is no number'),
        (6, "sku has a NUL character, which cannot be stored"),
        (7, "column 6 is beyond the 5 headers: the row has 6 cells"),
        (8, "ordered_at is empty"),
    ]
    assert before[2][2] == {
        "order_no": "A4",
        "sku": "x",
        "quantity": "two",
        "price": "1,5",
        "ordered_at": "2026-03-01",
    }
    assert (before[3][2]["sku"], before[4][2]["column 6"]) == ("a\ufffdb", "more")
    shown = (await site.get(f"/api/data-sync/files/{file['id']}")).json()
    assert (shown["state"], shown["next_attempt_at"]) == ("partial", None)
    again = await sync(site, file["id"])
    assert again["rows"] == {"read": 8, "inserted": 0, "updated": 0, "unchanged": 2, "quarantined": 6}
    assert await _aside(database) == before


async def test_a_nul_in_a_date_or_a_typed_field_sets_its_row_aside(site: httpx.AsyncClient, database: Database) -> None:
    """As in any other field: the reason shows a sign for it, and the rest of the file is loaded."""
    await publish(site, types={"quantity": "integer"})
    bad = [("A2", "x", 1, "1", "2026-03\x00-01"), ("A3", "x", "2\x00", "1", "2026-03-01")]
    file = (await upload(site, as_csv([ORDERS, GOOD, *bad, *[GOOD] * 9]))).json()
    rows = (await sync(site, file["id"]))["rows"]
    assert (rows["inserted"], rows["quarantined"]) == (10, 2)
    nul = "has a NUL character, which cannot be stored"
    assert [(number, reason) for number, reason, _ in await _aside(database)] == [
        (3, f'ordered_at "2026-03\ufffd-01" is no date; ordered_at {nul}'),
        (4, f'quantity "2\ufffd" is no whole number; quantity {nul}'),
    ]


async def test_typed_cells_of_a_workbook_are_checked_too(site: httpx.AsyncClient, database: Database) -> None:
    """A number where the date should be, and a text where a number should."""
    await publish(site, types={"quantity": "integer"})
    day = datetime(2026, 3, 1, 10)  # noqa: DTZ001  Excel knows no zones
    rows = [ORDERS, ("A1", "x", 2, 1.5, day), ("A2", "x", 2.5, 1.5, day), ("A3", "x", 2, 1.5, 17)]
    file = (await upload(site, as_xlsx(rows))).json()
    assert (await sync(site, file["id"]))["rows"]["quarantined"] == 2
    assert [(number, reason) for number, reason, _ in await _aside(database)] == [
        (3, 'quantity "2.5" is no whole number'),
        (4, 'ordered_at "17" is no date'),
    ]


async def test_a_formula_that_was_never_calculated_is_not_loaded_as_nothing(
    site: httpx.AsyncClient, database: Database
) -> None:
    """As programs write them that are not Excel: a typed, required or key field sets its row aside, others show it."""
    await publish(site, types={"price": "number"}, required_fields=["quantity"])
    rows = [
        ("A1", "x", 1, "=1+1", "2026-03-01"),
        ("A2", "x", "=1+1", 2, "2026-03-01"),
        ("=1+1", "x", 1, 2, "2026-03-01"),
        ("A4", "x", 1, 2, "2026-03-01"),
    ]
    file = (await upload(site, as_xlsx([ORDERS, *rows]), name="orders.xlsx")).json()
    assert (await sync(site, file["id"]))["rows"]["inserted"] == 1
    aside = await database.fetch("SELECT reason FROM quarantined_rows ORDER BY row_number")
    never = '"#UNCALCULATED!" is a formula that was never calculated; open the file in Excel, save it and send that'
    assert [row["reason"] for row in aside] == [
        'price "#UNCALCULATED!" is no number',
        f"quantity {never}",
        f"order_no {never}",
    ]


async def test_a_file_of_bad_rows_alone_is_partial(site: httpx.AsyncClient, database: Database) -> None:
    """Not one is lost, and not one is a fact."""
    await publish(site)
    file = (await upload(site, as_csv([ORDERS, *[("A1", "x", 1, "1", "soon")] * 3]))).json()
    assert (await sync(site, file["id"]))["rows"]["quarantined"] == 3
    assert await database.fetch("SELECT FROM facts") == []
    assert (await site.get(f"/api/data-sync/files/{file['id']}")).json()["state"] == "partial"


async def test_a_row_that_is_set_aside_keeps_its_place_among_its_key(
    site: httpx.AsyncClient, database: Database
) -> None:
    """The occurrences before and after it are the same facts as in the file that was mended and sent again."""
    await publish(site, types={"quantity": "integer"})
    rows = [("A1", "x", 1, "1", "2026-03-01"), ("A1", "x", "?", "1", "2026-03-01"), ("A1", "x", 3, "1", "2026-03-01")]
    await sync(site, (await upload(site, as_csv([ORDERS, *rows]))).json()["id"])
    rows[1] = ("A1", "x", 2, "1", "2026-03-01")
    mended = await sync(site, (await upload(site, as_csv([ORDERS, *rows]))).json()["id"])
    assert mended["rows"] == {"read": 3, "inserted": 1, "updated": 0, "unchanged": 2, "quarantined": 0}
    stored = await database.fetch("SELECT business_date, data ->> 'quantity' AS quantity FROM facts ORDER BY 2")
    assert [tuple(row) for row in stored] == [(date(2026, 3, 1), text) for text in ("1", "2", "3")]


@pytest.mark.parametrize(
    ("wrong", "pointers"),
    [
        ({"types": {"colour": "integer"}}, {"/types/colour"}),
        ({"types": {"ordered_at": "date"}}, {"/types/ordered_at"}),
        ({"types": {"sku": "text"}}, {"/types/sku"}),
        ({"ranges": {"quantity": {"minimum": 0}}}, {"/ranges/quantity"}),
        ({"types": {"quantity": "integer"}, "ranges": {"quantity": {}}}, {"/ranges/quantity"}),
        (
            {"types": {"price": "number"}, "ranges": {"price": {"minimum": 2, "maximum": 1}}},
            {"/ranges/price/maximum"},
        ),
    ],
)
async def test_types_and_ranges_that_make_no_sense_are_refused(
    web: httpx.AsyncClient, database: Database, wrong: Mapping[str, object], pointers: set[str]
) -> None:
    """422 names the field, and no template is stored."""
    body = {
        "platform": "shop",
        "domain": "orders",
        "granularity": "daily",
        "fields": ORDERS,
        "key_fields": ORDERS[:2],
        "date_rule": {"field": "ordered_at"},
        **wrong,
    }
    answer = await web.post("/api/data-sync/templates", json=body)
    assert answer.status_code == 422
    assert {mistake["pointer"] for mistake in answer.json()["errors"]} == pointers
    assert await database.fetch("SELECT FROM templates") == []


async def test_types_and_ranges_are_shown_as_they_were_given(web: httpx.AsyncClient) -> None:
    """A bound that was left out is none."""
    types = {"quantity": "integer", "price": "number"}
    template = await publish(web, types=types, ranges={"quantity": {"minimum": 0}})
    shown = (await web.get(f"/api/data-sync/templates/{template['id']}")).json()
    assert (shown["types"], shown["ranges"]) == (types, {"quantity": {"minimum": 0, "maximum": None}})


async def test_rows_of_a_page_are_held_to_the_headers_as_a_browser_shows_them(
    site: httpx.AsyncClient, database: Database
) -> None:
    """An export called .xls: surplus and missing cells are set aside, spans fill what they cover and move the rest."""
    await publish(site)
    rows = (
        "<th>".join(("", *ORDERS)),
        "<td>A1<td>x<td>1<td>1<td>2026-03-01",
        "<td>A2<td>x<td>1<td>1<td>2026-03-01<td>more",
        "<td>A3<td>x<td>1<td>1<td>2026-03-01<td> <td>",
        "<td>A4<td>x<td>1<td>1",
        "<td>A5",
        "<td>A6<td>x<td>1<td colspan=2>1.50",
        "<td>A7<td colspan=2>7<td>1<td colspan=9>2026-03-01",
        "<td rowspan=3>A8<td>x<td>1<td>1<td>2026-03-01",
        "<td>y<td>1<td>1<td>2026-03-01",
        "<td>A9<td>z<td>1<td>1<td>2026-03-01",
        "<td>A10<td rowspan=99>x<td>1<td>1<td>2026-03-01",
    )
    page = f"<html><body><table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table></body></html>"
    file = (await upload(site, page.encode(), name="orders.xls")).json()
    assert file["format"] == "html"
    progress = await sync(site, file["id"])
    assert progress["rows"] == {"read": 11, "inserted": 6, "updated": 0, "unchanged": 0, "quarantined": 5}
    told = await _aside(database)
    assert [(number, reason) for number, reason, _ in told] == [
        (3, "column 6 is beyond the 5 headers: the row has 6 cells"),
        (5, "ordered_at is empty"),
        (6, "ordered_at is empty"),
        (7, 'ordered_at "1.50" is no date'),
        (11, "column 6 is beyond the 5 headers: the row has 6 cells"),
    ]
    assert {name: told[4][2][name] for name in ("order_no", "sku", "column 6")} == {
        "order_no": "A8", "sku": "A9", "column 6": "2026-03-01",
    }  # fmt: skip
    facts = await database.fetch("SELECT data FROM facts ORDER BY data ->> 'order_no', data ->> 'sku'")
    assert [(row["data"]["order_no"], row["data"]["sku"], row["data"]["quantity"]) for row in facts] == [
        ("A1", "x", "1"), ("A10", "x", "1"), ("A3", "x", "1"), ("A7", "7", "7"), ("A8", "x", "1"), ("A8", "y", "1"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["errors.xls", "errors.xlsx"])
async def test_an_error_where_a_value_must_be_sets_its_row_aside(
    site: httpx.AsyncClient, database: Database, name: str
) -> None:
    """In a key field or a required one, the same in an old workbook as in a new one; elsewhere it is a value."""
    names = ("订单号", "名称", "下单时间", "一", "二", "三")
    layout = {"header_row": 2, "key_fields": ["订单号", "一"], "date_rule": {"field": "下单时间"}}
    await publish(site, fields=names, required_fields=["二"], types={"一": "number"}, **layout)
    file = (await upload(site, (DATA / name).read_bytes(), name=name)).json()
    assert (await sync(site, file["id"]))["rows"]["quarantined"] == 3
    assert [(number, reason) for number, reason, _ in await _aside(database)] == [
        (3, '一 "#N/A" is no number; 二 "#DIV/0!" is an error of the workbook, no value'),
        (4, '一 "#VALUE!" is no number; 二 "#VALUE!" is an error of the workbook, no value'),
        (5, '一 "#VALUE!" is no number'),
    ]
