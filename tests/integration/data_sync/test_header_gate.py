"""A file whose headers differ from its template's is stopped before a row is written, and says how they differ."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import httpx
import pytest

from jobs.stores.database import Database
from tests.support.files import as_csv, as_xlsx, publish, sync, upload

ROW = ("A1", "x", 2, "1.50", "2026-03-01 10:00:00")


async def _shown(site: httpx.AsyncClient, file_id: str) -> Any:  # noqa: ANN401  JSON
    return (await site.get(f"/api/data-sync/files/{file_id}")).json()


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (("order_no", "sku", "amount", "price", "ordered_at"), {"added": ["amount"], "removed": ["quantity"]}),
        (
            ("order_no", "article", "quantity", "price", "ordered_at"),
            {"added": ["article"], "removed": ["sku"], "missing_keys": ["sku"]},
        ),
        (
            ("sku", "order_no", "quantity", "price", "ordered_at"),
            {"moved": [{"name": "sku", "expected": 2, "found": 1}]},
        ),
    ],
    ids=["another name", "a key is missing", "moved"],
)
@pytest.mark.parametrize("write", [as_csv, as_xlsx])
async def test_a_difference_stops_the_file_and_is_shown_in_fields(
    site: httpx.AsyncClient,
    database: Database,
    write: Callable[[Iterable[Sequence[object]]], bytes],
    headers: Sequence[str],
    told: Mapping[str, object],
) -> None:
    """The job fails at once, at its first try; not a row is a fact or in quarantine."""
    await publish(site)
    file = (await upload(site, write([headers, ROW]))).json()
    assert file["header_difference"] is None
    progress = await sync(site, file["id"])
    assert (progress["state"], progress["errors"][0]["type"]) == ("failed", "HeaderChangedError")
    assert (await site.get(f"/api/jobs/{progress['task_id']}")).json()["tries"] == 1
    shown = await _shown(site, file["id"])
    assert (shown["state"], shown["last_error"]) == ("header_changed", progress["errors"][0]["message"])
    nothing: Mapping[str, object] = {"added": [], "removed": [], "moved": [], "missing_keys": []}
    assert shown["header_difference"] == {**nothing, **told, "match_rate": 0.8}
    assert ("key fields that are missing" in shown["last_error"]) == ("missing_keys" in told)
    assert await database.fetch("SELECT 1 FROM facts UNION ALL SELECT 1 FROM quarantined_rows") == []


async def test_a_nul_in_a_header_is_shown_by_a_sign(site: httpx.AsyncClient) -> None:
    """The file says how it differs, though PostgreSQL cannot hold the name as it is."""
    await publish(site)
    file = (await upload(site, as_csv([("order_no", "s\x00ku", "quantity", "price", "ordered_at"), ROW]))).json()
    assert (await sync(site, file["id"]))["errors"][0]["type"] == "HeaderChangedError"
    shown = await _shown(site, file["id"])
    assert (shown["state"], shown["header_difference"]["added"]) == ("header_changed", ["s\ufffdku"])
    assert 'added: "s\ufffdku"' in shown["last_error"]


async def test_currency_codes_are_no_difference(site: httpx.AsyncClient) -> None:
    """Tomorrow's export in euros has the same headers."""
    await publish(site, fields=("order_no", "sku", "quantity", "price(CNY)", "ordered_at"))
    headers = ("order_no", "sku", "quantity", "price (EUR)", "ordered_at")
    file = (await upload(site, as_csv([headers, ROW]))).json()
    assert (await sync(site, file["id"]))["rows"]["inserted"] == 1


async def test_a_file_whose_template_has_caught_up_forgets_the_difference(site: httpx.AsyncClient) -> None:
    """It waits for no time, since none mends it; a new template makes it due, and then it is loaded."""
    headers = ("order_no", "sku", "amount", "price", "ordered_at")
    await publish(site)
    file = (await upload(site, as_csv([headers, ROW]))).json()
    await sync(site, file["id"])
    assert (await _shown(site, file["id"]))["next_attempt_at"] is None
    await publish(site, fields=headers)
    assert (await _shown(site, file["id"]))["next_attempt_at"] is not None
    assert (await sync(site, file["id"]))["rows"]["inserted"] == 1
    shown = await _shown(site, file["id"])
    assert (shown["state"], shown["header_difference"], shown["last_error"]) == ("ingested", None, None)
    assert (shown["tries"], shown["next_attempt_at"]) == (0, None)
