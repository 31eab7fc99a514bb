"""`check_low_stock`: alerts open with files that are synced, last while it lasts, and are over when it is."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from jobs.stores.database import Database
from tests.support.files import as_csv, publish, sync, upload
from tests.support.metrics import scrape, value_of
from tests.support.people import new_user
from tests.support.running import ran_now
from tests.support.site import running_web, running_worker

_FIELDS = ("SKU", "仓库", "可用库存", "安全库存", "日期")
_TODAY = datetime.now(UTC).date()


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site in which the check is never due by itself."""
    return {**environ, "JOBS_TIMETABLE": "off; check_low_stock=0 0 29 2 *"}


@pytest.fixture
async def client(environ: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Run the application and a worker."""
    async with running_web(environ) as client, running_worker(environ):
        yield client


async def _template(client: httpx.AsyncClient, fields: Sequence[str] = _FIELDS, **more: object) -> None:
    told = {"domain": "inventory", "date_rule": {"field": fields[-1]}, **more}
    await publish(client, fields=fields, **told)


async def _load(
    client: httpx.AsyncClient,
    *rows: Sequence[object],
    days_ago: int = 0,
    fields: Sequence[str] = _FIELDS,
    shop_id: str = "s1",
) -> None:
    """Sync a file of inventory of so many days ago."""
    day = (_TODAY - timedelta(days=days_ago)).isoformat()
    content = as_csv([fields, *((*row, day) for row in rows)])
    answer = await upload(client, content, name="stock.csv", domain="inventory", shop_id=shop_id)
    assert answer.status_code == 201, answer.text
    assert (await sync(client, answer.json()["id"]))["state"] == "succeeded"


async def _check(client: httpx.AsyncClient) -> Mapping[str, Any]:
    job = await ran_now(client, "check_low_stock")
    assert job["state"] == "succeeded", job["error"]
    result: Mapping[str, Any] = job["result"]
    return result


def _counts(result: Mapping[str, Any]) -> tuple[int, ...]:
    """Give how many were checked, are low, were opened and closed, and cannot be read."""
    return tuple(result[name] for name in ("checked", "low", "opened", "closed", "unreadable"))


async def _alerts(client: httpx.AsyncClient, **query: str) -> list[Any]:
    answer = await client.get("/api/data-sync/alerts", params=query)
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


async def test_an_alert_is_opened_once_and_closed_when_it_is_over(client: httpx.AsyncClient) -> None:
    """What is below counts, not what is just enough; while it lasts it has the newest numbers."""
    await _template(client)
    await _load(client, ("A", "north", "1,004", "1,005.5"), ("B", "north", 5, 5), ("C", "north", 0, ""), days_ago=2)
    assert _counts(await _check(client)) == (2, 1, 1, 0, 0)
    (opened,) = await _alerts(client)
    assert (opened["sku"], opened["warehouse"], opened["stock"], opened["safety_stock"]) == ("A", "north", 1004, 1005.5)
    assert (opened["kind"], opened["owner"], opened["closed_at"]) == ("low_stock", "admin", None)
    assert opened["business_date"] == (_TODAY - timedelta(days=2)).isoformat()
    await _load(client, ("A", "north", 3, 1000), ("B", "north", 6, 5), days_ago=1)
    assert _counts(await _check(client)) == (2, 1, 0, 0, 0)
    (lasting,) = await _alerts(client, state="open")
    assert (lasting["id"], lasting["stock"]) == (opened["id"], 3)
    assert lasting["opened_at"] == opened["opened_at"] < lasting["checked_at"]
    metrics = await scrape(client)
    assert value_of(metrics, "switchyard_alerts_open", kind="low_stock") == 1
    await _load(client, ("A", "north", 1000, 1000), ("B", "north", 6, 5))
    assert _counts(await _check(client)) == (2, 0, 0, 1, 0)
    (over,) = await _alerts(client, state="closed")
    assert (over["id"], over["stock"]) == (opened["id"], 3)
    assert await _alerts(client, state="open") == []
    metrics = await scrape(client)
    assert value_of(metrics, "switchyard_alerts_open", kind="low_stock") == 0


async def test_what_comes_back_is_another_alert(client: httpx.AsyncClient) -> None:
    """The former one stays as it was."""
    await _template(client)
    for days_ago, stock in ((2, 1), (1, 9), (0, 2)):
        await _load(client, ("A", "north", stock, 5), days_ago=days_ago)
        await _check(client)
    assert [(alert["stock"], alert["closed_at"] is None) for alert in await _alerts(client)] == [(2, True), (1, False)]


async def test_an_item_is_one_of_a_shop_and_a_warehouse(client: httpx.AsyncClient) -> None:
    """An older file that comes later does not count; of several rows in one file the lowest does."""
    await _template(client, repeats="number")
    await _load(client, ("A", "north", 1, 5), ("A", "south", 9, 5), ("B", "north", 9, 5), ("B", "north", 2, 5))
    await _load(client, ("A", "north", 9, 5), ("A", "south", 1, 5), days_ago=1)
    await _load(client, ("A", "north", 4, 5), shop_id="s2")
    assert _counts(await _check(client)) == (4, 3, 3, 0, 0)
    found = {(one["shop_id"], one["sku"], one["warehouse"], one["stock"]) for one in await _alerts(client)}
    assert found == {("s1", "A", "north", 1), ("s1", "B", "north", 2), ("s2", "A", "north", 4)}


async def test_what_is_not_listed_any_more_is_over_after_a_month(client: httpx.AsyncClient) -> None:
    """Not before: a file may hold a part of the items only. A day to come does not make the others old."""
    await _template(client)
    await _load(client, ("A", "north", 1, 5), ("OLD", "north", 1, 5), days_ago=40)
    await _load(client, ("A", "north", 1, 5), days_ago=20)
    assert _counts(await _check(client)) == (2, 2, 2, 0, 0)
    await _load(client, ("B", "north", 9, 5), days_ago=-400)
    assert _counts(await _check(client)) == (2, 2, 0, 0, 0)
    await _load(client, ("B", "north", 9, 5))
    assert _counts(await _check(client)) == (2, 1, 0, 1, 0)
    assert [alert["sku"] for alert in await _alerts(client, state="open")] == ["A"]


async def test_what_cannot_be_read_stays_open(client: httpx.AsyncClient) -> None:
    """Numbers that are none, and files of a template that has lost a column: the result names both."""
    await _template(client)
    await _load(client, ("A", "north", 1, 5), ("B", "north", 1, 5), days_ago=2)
    await _check(client)
    await _load(client, ("A", "north", "many", 5), ("B", "north", 1, "some"), days_ago=1)
    result = await _check(client)
    assert (_counts(result), result["without_columns"]) == ((0, 0, 0, 0, 2), [])
    fields = ("SKU", "仓库", "可用库存", "日期")
    await _template(client, fields)
    await _load(client, ("A", "north", 99), ("B", "north", 99), fields=fields)
    result = await _check(client)
    assert result["closed"] == 0
    assert result["without_columns"] == ["shop/daily version 2: safety_stock"]
    assert len(await _alerts(client, state="open")) == 2


async def test_columns_of_other_names_are_told_by_the_settings(environ: dict[str, str]) -> None:
    """They go before the built-in ones."""
    fields = ("Artikel", "stock", "im Regal", "Mindestens", "Tag")
    more = {"JOBS_STOCK_COLUMNS": "sku=Artikel; stock=Im-Regal; safety_stock=weniger, mindestens"}
    site = {**environ, **more}
    async with running_web(site) as client, running_worker(site):
        await _template(client, fields)
        await _load(client, ("A", 100, 1, 5), fields=fields)
        assert _counts(await _check(client)) == (1, 1, 1, 0, 0)
        (alert,) = await _alerts(client)
        assert (alert["sku"], alert["warehouse"], alert["stock"]) == ("A", None, 1)


async def test_a_comma_that_parts_no_thousands_makes_no_other_number(client: httpx.AsyncClient) -> None:
    """1,5 pieces are not fifteen: such an item cannot be read, as where the template says that it is a number."""
    await _template(client)
    await _load(client, ("A", "", "1,5", 10), ("B", "", 20, "12,50"), ("C", "", "1,234,567.5", "1,234,568"))
    assert _counts(await _check(client)) == (1, 1, 1, 0, 2)
    (alert,) = await _alerts(client)
    assert (alert["sku"], alert["stock"], alert["safety_stock"]) == ("C", 1_234_567.5, 1_234_568)


async def test_without_inventory_there_is_nothing_to_check(client: httpx.AsyncClient) -> None:
    """And nothing fails."""
    result = await _check(client)
    assert (_counts(result), result["without_columns"]) == ((0, 0, 0, 0, 0), [])


_ALERTS = """
INSERT INTO alerts (
    id, kind, owner, platform, shop_id, sku, stock, safety_stock, business_date, file_id, opened_at, closed_at
)
SELECT
    gen_random_uuid(), 'low_stock', CASE WHEN number % 2 = 0 THEN $1 ELSE 'admin' END, 'p' || number % 3, 's1',
    number::text, 1, 2, '2026-01-01', gen_random_uuid(), now() - make_interval(hours => number / 4),
    CASE WHEN number > 15 THEN now() END
FROM generate_series(1, 20) AS number
"""


async def test_alerts_are_listed_page_by_page_each_owner_his_own(web: httpx.AsyncClient, database: Database) -> None:
    """The one opened last first, however many were opened at once; an administrator sees all."""
    ann = await new_user(web, "ann")
    await database.execute(_ALERTS, ann.id)
    seen: list[Any] = []
    cursor: str | None = None
    while True:
        answer = await web.get("/api/data-sync/alerts", params={"limit": "3", **({"cursor": cursor} if cursor else {})})
        seen += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            break
    assert len({alert["id"] for alert in seen}) == len(seen) == 20
    assert [alert["opened_at"] for alert in seen] == sorted((alert["opened_at"] for alert in seen), reverse=True)
    assert {alert["sku"] for alert in await _alerts(web, platform="p1", state="closed")} == {"16", "19"}
    assert [alert["sku"] for alert in await _alerts(web, sku="7", shop_id="s1")] == ["7"]
    with ann.asking(web):
        assert {alert["owner"] for alert in await _alerts(web)} == {ann.id}
        assert len(await _alerts(web)) == 10
        assert await _alerts(web, sku="7") == []


@pytest.mark.parametrize("query", [{"state": "over"}, {"cursor": "x"}, {"limit": "0"}, {"colour": "red"}])
async def test_a_wrong_query_is_refused(web: httpx.AsyncClient, query: Mapping[str, str]) -> None:
    """422 that names the field."""
    answer = await web.get("/api/data-sync/alerts", params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(query))}"
