"""POST /api/data-sync/files/{id}/preview: what stands in a file, and how that differs from its template."""

import asyncio
from typing import Any

import httpx
import pytest

from app.api.previews import MOST_AT_ONCE
from jobs.stores.database import Database
from tests.support.files import ORDERS, as_csv, as_xlsx, publish, upload
from tests.support.people import new_user

_ROWS = [(f"A{number}", "杯子", number, "1.50", "2026-03-01") for number in range(25)]


async def _preview(web: httpx.AsyncClient, content: bytes, **more: str) -> Any:  # noqa: ANN401  JSON
    file = await upload(web, content, **more)
    answer = await web.post(f"/api/data-sync/files/{file.json()['id']}/preview")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("form", [as_csv, as_xlsx])
async def test_the_first_rows_as_they_stand(web: httpx.AsyncClient, database: Database, form: Any) -> None:  # noqa: ANN401
    """Twenty of them, below the headers where the template says they are; nothing is stored."""
    template = await publish(web, header_row=2)
    found = await _preview(web, form([("Export of March", "", "", "", ""), ORDERS, *_ROWS]))
    shown = found["shown"]
    assert (found["template"]["id"], found["problem"], shown["header_difference"]) == (template["id"], None, None)
    assert (shown["headers"], shown["columns"], len(shown["rows"])) == (list(ORDERS), len(ORDERS), 20)
    assert shown["rows"][1] == {"number": 4, "cells": ["A1", "杯子", "1", "1.50", "2026-03-01"]}
    assert await database.fetch("SELECT FROM facts") == []
    assert [row["state"] for row in await database.fetch("SELECT state FROM files")] == ["pending"]


async def test_without_a_template_row_1_has_the_headers(web: httpx.AsyncClient) -> None:
    """There is nothing to differ from."""
    found = await _preview(web, as_csv([ORDERS, *_ROWS[:2]]))
    assert (found["template"], found["shown"]["header_difference"]) == (None, None)
    assert [row["number"] for row in found["shown"]["rows"]] == [2, 3]


async def test_other_headers_are_told(web: httpx.AsyncClient) -> None:
    """With the rows, which a sync would not read."""
    await publish(web)
    found = await _preview(web, as_csv([("order", *ORDERS[1:]), *_ROWS[:1]]))
    difference = found["shown"]["header_difference"]
    assert (difference["added"], difference["removed"]) == (["order"], ["order_no"])
    assert len(found["shown"]["rows"]) == 1


async def test_much_is_cut(web: httpx.AsyncClient) -> None:
    """A hundred columns, two hundred characters of a cell."""
    found = await _preview(web, as_csv([[f"c{number}" for number in range(150)], ["x" * 5_000] * 150]))
    shown = found["shown"]
    assert (shown["columns"], len(shown["headers"]), len(shown["rows"][0]["cells"])) == (150, 100, 100)
    assert {len(cell) for cell in shown["rows"][0]["cells"]} == {200}


async def test_what_cannot_be_read_says_why(web: httpx.AsyncClient) -> None:
    """It is an answer about the file, not an error of whoever asks."""
    broken = as_xlsx([ORDERS, *_ROWS]).replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet9.xml")
    found = await _preview(web, broken)
    assert found["shown"] is None
    assert "Save it again" in found["problem"]


async def test_a_file_of_another_is_not_there(web: httpx.AsyncClient) -> None:
    """Nor is one that never was."""
    file = (await upload(web, as_csv([ORDERS, *_ROWS]))).json()["id"]
    bob = await new_user(web, "bob")
    with bob.asking(web):
        assert (await web.post(f"/api/data-sync/files/{file}/preview")).status_code == 404


async def test_so_many_at_once(web: httpx.AsyncClient) -> None:
    """One more is told to try again; afterwards there is room."""
    file = (await upload(web, as_csv([ORDERS, *_ROWS]))).json()["id"]
    path = f"/api/data-sync/files/{file}/preview"
    answers = await asyncio.gather(*(web.post(path) for _ in range(MOST_AT_ONCE + 8)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) >= MOST_AT_ONCE
    assert set(statuses) == {200, 503}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)
    assert (await web.post(path)).status_code == 200
