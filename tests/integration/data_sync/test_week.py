"""Seven days of real orders are loaded whole, and loading them again changes nothing."""

import csv
from collections.abc import Mapping
from decimal import Decimal

import httpx

from jobs.stores.database import Database
from tests.support.files import RETAIL, needs_retail, publish, sync, upload

_TOTALS = """
SELECT
    business_date::text AS day,
    count(*) AS rows,
    sum((data ->> 'Quantity')::numeric) AS pieces,
    sum((data ->> 'Quantity')::numeric * (data ->> 'UnitPrice')::numeric) AS money
FROM facts
GROUP BY business_date
"""

Totals = Mapping[str, tuple[int, Decimal, Decimal]]


def _totals_of_files() -> Totals:
    totals = {}
    for path in sorted(RETAIL.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            rows = [(Decimal(row["Quantity"]), Decimal(row["UnitPrice"])) for row in csv.DictReader(lines)]
        totals[path.stem] = (len(rows), sum((n for n, _ in rows), Decimal()), sum((n * p for n, p in rows), Decimal()))
    return totals


async def _totals_of_facts(database: Database) -> Totals:
    return {row["day"]: (row["rows"], row["pieces"], row["money"]) for row in await database.fetch(_TOTALS)}


@needs_retail
async def test_a_week_is_loaded_whole_and_only_once(site: httpx.AsyncClient, database: Database) -> None:
    """Rows, pieces and money of each day are those of its file, after both runs; no day takes another's place."""
    expected = _totals_of_files()
    assert (len(expected), sum(rows for rows, _, _ in expected.values())) == (7, 19_632)
    headers = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
    await publish(
        site,
        fields=headers,
        key_fields=headers[:2],
        required_fields=headers[:2],
        date_rule={"field": "InvoiceDate"},
        types={"Quantity": "integer", "UnitPrice": "number", "CustomerID": "integer"},
    )
    files = {}
    for day in expected:
        files[day] = (await upload(site, (RETAIL / f"{day}.csv").read_bytes())).json()["id"]
    for inserted, unchanged in ((1, 0), (0, 1)):
        for day, (rows, _, _) in expected.items():
            counts = (await sync(site, files[day]))["rows"]
            assert counts == {
                "read": rows,
                "inserted": rows * inserted,
                "updated": 0,
                "unchanged": rows * unchanged,
                "quarantined": 0,
            }
        assert await _totals_of_facts(database) == expected
