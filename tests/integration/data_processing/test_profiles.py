"""Profiles of files, made by the worker and shown by the API."""

import io
import json
import struct
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from jobs.stores.database import Database
from jobs.tasks.data_processing.child import report_of
from jobs.tasks.data_processing.limits import ProfileLimits
from jobs.tasks.data_processing.worker.request import Profiling
from jobs.tasks.data_sync.errors import LimitExceededError, UnreadableFileError
from jobs.tasks.data_sync.model import FileFormat
from tests.support.books import DATA, ods_bytes, ods_cell, ods_row, unzipped, written, zipped
from tests.support.files import ORDERS, RETAIL, as_csv, as_xlsx, needs_retail, upload
from tests.support.site import end_of

_END_OF_ROWS = b"\x92\x01\x00"  # the record of an xlsb behind which its merged ranges stand


async def profile_of(client: httpx.AsyncClient, content: bytes) -> Any:  # noqa: ANN401  JSON
    """Upload a file and profile it; give the profile as the API shows it."""
    file = (await upload(client, content)).json()
    before = await client.get(f"/api/data-sync/files/{file['id']}/profile")
    assert (before.status_code, "has no profile yet" in before.text) == (404, True)
    answer = await client.post("/api/data-processing/workbooks", json={"file_id": file["id"]})
    assert answer.status_code == 202, answer.text
    job = await end_of(client, answer.json()["task_id"])
    assert job["state"] == "succeeded", job["error"]
    shown = await client.get(f"/api/data-sync/files/{file['id']}/profile")
    assert shown.status_code == 200, shown.text
    assert job["result"]["sheets"] == shown.json()["sheets_total"]
    return shown.json()


async def report(path: Path, form: FileFormat, limits: ProfileLimits | None = None) -> Any:  # noqa: ANN401  JSON
    """Profile a file without a site."""
    return await report_of(Profiling(path=path, format=form, limits=limits or ProfileLimits()), lambda *_: None)


async def test_every_sheet_is_told(site: httpx.AsyncClient) -> None:
    """Also the hidden and the empty one: rows, columns, types, empty cells, bounds, merged ranges and a sample."""
    book = openpyxl.Workbook()
    stock, hidden, _ = book.worksheets[0], book.create_sheet("hidden"), book.create_sheet("empty")
    stock.title = "库存"
    for row in (
        ["库存报告"],
        ["货号", "仓库", "数量", "单价", "日期"],
        ["A1", "东", 5, 2.5, datetime(2026, 3, 1)],  # noqa: DTZ001  Excel knows no zones
        ["A2", None, -7, 10, datetime(2026, 3, 2, 8)],  # noqa: DTZ001
        [None, None, None, None, None],
        ["A3", None, 0, None, None],
    ):
        stock.append(row)
    stock.merge_cells("A1:E1")
    stock.merge_cells("B3:B4")
    hidden.sheet_state = "hidden"
    hidden.append([1, 2])
    saved = io.BytesIO()
    book.save(saved)
    found = await profile_of(site, saved.getvalue())
    assert (found["sheets_total"], found["rows"], found["encoding"]) == (3, 4, None)
    first, second, third = found["sheets"]
    assert (first["name"], first["is_visible"], first["header_row"], first["rows"]) == ("库存", True, 2, 3)
    assert (first["merged"], first["merged_total"]) == (["A1:E1", "B3:B4"], 2)
    told = [
        (one["letters"], one["name"], one["type"], one["nulls"], one["min"], one["max"]) for one in first["columns"]
    ]
    assert told == [
        ("A", "货号", "text", 0, "A1", "A3"),
        ("B", "仓库", "text", 2, "东", "东"),
        ("C", "数量", "integer", 0, -7, 5),
        ("D", "单价", "number", 1, 2.5, 10),
        ("E", "日期", "datetime", 1, "2026-03-01", "2026-03-02 08:00:00"),
    ]
    assert first["columns"][1]["null_share"] == 0.6667
    assert first["sample"][1] == ["A2", None, -7, 10, "2026-03-02 08:00:00"]
    assert (second["name"], second["is_visible"], second["header_row"], second["rows"]) == ("hidden", False, None, 1)
    assert (third["rows"], third["columns"], third["sample"]) == (0, [], [])


@needs_retail
async def test_a_real_day_is_profiled(site: httpx.AsyncClient) -> None:
    """A csv is a workbook of one sheet without a name."""
    found = await profile_of(site, (RETAIL / "2010-12-01.csv").read_bytes())
    (sheet,) = found["sheets"]
    assert (found["rows"], found["encoding"], sheet["name"], sheet["header_row"]) == (3108, "utf-8", None, 1)
    types = {column["name"]: column["type"] for column in sheet["columns"]}
    assert types["Quantity"] == "integer"
    assert types["UnitPrice"] in {"number", "integer"}
    assert types["InvoiceDate"] == "datetime"
    assert len(sheet["sample"]) == 5


async def test_a_profile_takes_the_place_of_the_one_before(site: httpx.AsyncClient, database: Database) -> None:
    """A file has one."""
    file = (await upload(site, as_csv([ORDERS, ("A1", "x", 1, "1.50", "2026-03-01")]))).json()
    for _ in range(2):
        answer = await site.post("/api/data-processing/workbooks", json={"file_id": file["id"]})
        assert (await end_of(site, answer.json()["task_id"]))["state"] == "succeeded"
    assert len(await database.fetch("SELECT FROM file_profiles")) == 1


async def test_encoding_and_delimiter_of_a_csv_are_found(tmp_path: Path) -> None:
    """Also below a title, which has one cell whatever the delimiter."""
    path = tmp_path / "export.csv"
    path.write_bytes(as_csv([["三月的订单"], ["货号", "数量"], ["甲", "3"]], encoding="gb18030", delimiter=";"))
    found = await report(path, FileFormat.CSV)
    (sheet,) = found["sheets"]
    assert (found["encoding"], sheet["header_row"], sheet["rows"]) == ("gb18030", 2, 1)
    assert [(column["name"], column["type"]) for column in sheet["columns"]] == [("货号", "text"), ("数量", "integer")]


async def test_merged_ranges_of_an_ods_and_an_xlsb_are_told_too(tmp_path: Path) -> None:
    """As those of an xlsx are."""
    covered = "<table:covered-table-cell/>"
    rows = [ods_row(ods_cell("库存", columns=2), covered), ods_row("货号", "数量"), ods_row("A1", 3)]
    path = written(tmp_path, "export.ods", ods_bytes(rows))
    (sheet,) = (await report(path, FileFormat.ODS))["sheets"]
    assert (sheet["merged"], sheet["merged_total"], sheet["rows"]) == (["A1:B1"], 1, 1)
    parts = unzipped((DATA / "orders.xlsb").read_bytes())
    part = "xl/worksheets/sheet1.bin"
    merged = _END_OF_ROWS + b"\xb0\x01\x10" + struct.pack("<4L", 1, 2, 0, 0)
    path = written(tmp_path, "export.xlsb", zipped(parts | {part: parts[part].replace(_END_OF_ROWS, merged)}))
    (sheet,) = (await report(path, FileFormat.XLSB))["sheets"]
    assert (sheet["merged"], sheet["merged_total"]) == (["A2:A3"], 1)


async def test_a_profile_stays_small(tmp_path: Path) -> None:
    """Whatever the workbook has: sheets, columns, sample and the whole are bounded, and the profile says so."""
    book = openpyxl.Workbook()
    for number in range(5):
        sheet = book.create_sheet(f"s{number}")
        sheet.append([f"header {column}" for column in range(40)])
        for _ in range(8):
            sheet.append(["y" * 500] * 40)
    path = tmp_path / "export.xlsx"
    book.save(path)
    limits = ProfileLimits(sheets=4, columns=30, sample_rows=2, characters=50, bytes=20_000)
    found = await report(path, FileFormat.XLSX, limits)
    assert (found["sheets_total"], len(found["sheets"])) == (6, 4)
    _, whole, *cut = found["sheets"]
    assert (whole["columns_total"], len(whole["columns"]), whole["is_cut"]) == (40, 30, True)
    assert [len(row) for row in whole["sample"]] == [30, 30]
    assert whole["sample"][0][0] == whole["columns"][0]["max"] == "y" * 50
    assert [(one["rows"], one["columns"], one["sample"], one["is_cut"]) for one in cut] == [(8, [], [], True)] * 2
    assert len(json.dumps(found)) < 25_000
    with pytest.raises(LimitExceededError, match="more than 20 rows"):
        await report(path, FileFormat.XLSX, ProfileLimits(rows=20))


async def test_what_cannot_be_read_is_told(site: httpx.AsyncClient, tmp_path: Path) -> None:
    """The job fails with the reason and the mend; there is no profile."""
    book = as_xlsx([ORDERS, ("A1", "x", 1, "1.50", "2026-03-01")])
    broken = book.replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet9.xml")
    file = (await upload(site, broken)).json()
    answer = await site.post("/api/data-processing/workbooks", json={"file_id": file["id"]})
    job = await end_of(site, answer.json()["task_id"])
    assert (job["state"], job["error"]["type"]) == ("failed", "UnreadableFileError")
    assert job["error"]["message"].endswith("Save it again, without a password, and send that.")
    assert (await site.get(f"/api/data-sync/files/{file['id']}/profile")).status_code == 404
    path = tmp_path / "export.csv"
    path.write_text('a,b\n1,"never closed\n', encoding="utf-8")
    with pytest.raises(UnreadableFileError, match="row 2: the quotes are wrong"):
        await report(path, FileFormat.CSV)
