"""/api/data-sync: uploads and templates, good input and bad, and that bad input changes nothing."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from jobs.stores.database import Database
from tests.support.files import ORDERS, as_csv, as_xlsx, publish, upload

ROW = ("A1", "x", 2, "1.50", "2026-03-01 10:00:00")
CSV = as_csv([ORDERS, ROW])
TEMPLATE: dict[str, Any] = {
    "platform": "shop",
    "domain": "orders",
    "granularity": "daily",
    "header_row": 1,
    "fields": list(ORDERS),
    "key_fields": ["order_no"],
    "required_fields": ["sku"],
    "date_rule": {"field": "ordered_at", "format": "%Y-%m-%d"},
}


def kept(environ: dict[str, str]) -> list[Path]:
    """List the files in the upload folder, whole or not."""
    return [path for path in Path(environ["JOBS_DATA_DIR"]).rglob("*") if path.is_file()]


async def test_a_file_is_taken_in_once(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """201 and the catalogue's entry; the same bytes again are the same file, 200, whatever they are called."""
    first = await upload(web, CSV, name="C:\\exports\\orders.csv", sub_domain="eu", date_from="2026-03-01")
    file = first.json()
    assert first.status_code == 201
    expected = {
        "name": "orders.csv",
        "format": "csv",
        "size": len(CSV),
        "platform": "shop",
        "shop_id": "s1",
        "domain": "orders",
        "sub_domain": "eu",
        "granularity": "daily",
        "date_from": "2026-03-01",
        "date_to": None,
        "owner": "admin",
        "state": "pending",
        "task_id": None,
        "last_error": None,
    }
    assert {key: file[key] for key in expected} == expected
    again = await upload(web, CSV, name="copy.xlsx")
    assert (again.status_code, again.json()) == (200, file)
    assert (await web.get(first.headers["location"])).json() == file
    assert [path.name for path in kept(environ)] == [file["sha256"]]


async def test_what_a_form_sends_empty_was_left_out(web: httpx.AsyncClient) -> None:
    """A browser sends every field that a form has, filled or not."""
    answer = await upload(web, CSV, sub_domain="", date_from="", date_to="")
    assert answer.status_code == 201, answer.text
    assert (answer.json()["sub_domain"], answer.json()["date_from"]) == (None, None)


async def test_the_format_is_told_by_the_bytes(web: httpx.AsyncClient) -> None:
    """An Excel file called .csv is an Excel file."""
    file = (await upload(web, as_xlsx([ORDERS, ROW]), name="orders.csv")).json()
    assert file["format"] == "xlsx"


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        (b"", 422, "validation"),
        (b"%PDF-1.7 nothing", 415, "unsupported-media-type"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), 415, "unsupported-media-type"),
        (b"PK\x03\x04" + bytes(100), 415, "unsupported-media-type"),
        (bytes(range(256)) * 10, 415, "unsupported-media-type"),
    ],
)
async def test_what_is_no_spreadsheet_is_refused(
    web: httpx.AsyncClient, database: Database, environ: dict[str, str], content: bytes, status: int, kind: str
) -> None:
    """With a reason; nothing is entered and nothing is left on disk."""
    answer = await upload(web, content)
    assert (answer.status_code, answer.json()["type"]) == (status, kind), answer.text
    assert await database.fetch("SELECT id FROM files") == []
    assert kept(environ) == []


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"platform": ""}, {"/platform"}),
        ({"domain": "weather"}, {"/domain"}),
        ({"granularity": "hourly"}, {"/granularity"}),
        ({"shop_id": "x" * 101}, {"/shop_id"}),
        ({"date_from": "1 March"}, {"/date_from"}),
        ({"date_from": "2026-03-02", "date_to": "2026-03-01"}, {"/date_to"}),
        ({"colour": "red"}, {"/colour"}),
        ({"platform": "a\x00b"}, {"/platform"}),
    ],
)
async def test_a_wrong_description_is_refused(
    web: httpx.AsyncClient, environ: dict[str, str], changes: dict[str, str], pointers: set[str]
) -> None:
    """Each part is named, and the file is not kept."""
    answer = await upload(web, CSV, **changes)
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == pointers
    assert kept(environ) == []


async def test_a_form_without_a_file_is_refused(web: httpx.AsyncClient) -> None:
    """Also where the part is there, but is a text; and a body that is no form at all."""
    for form in ({"files": {"other": ("a.csv", CSV)}}, {"files": {"file": (None, "text")}}):
        answer = await web.post("/api/data-sync/files", **form)
        assert answer.status_code == 422, answer.text
        assert "/file" in {error["pointer"] for error in answer.json()["errors"]}
    plain = await web.post("/api/data-sync/files", content=CSV, headers={"Content-Type": "text/csv"})
    assert (plain.status_code, plain.json()["type"]) == (415, "unsupported-media-type")
    broken = await web.post(
        "/api/data-sync/files", content=b"nothing", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert (broken.status_code, broken.json()["type"]) in {(400, "validation"), (422, "validation")}


async def test_too_large_an_upload_is_refused(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """At once where the length is announced, and where it is not as soon as the limit is passed."""
    announced = await web.post(
        "/api/data-sync/files",
        content=b"x",
        headers={"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(200 * 1024 * 1024)},
    )
    assert (announced.status_code, announced.json()["type"]) == (413, "too-large")

    async def endless() -> Any:  # noqa: ANN401  an async generator
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(110):
            yield b"a,b\n" * 262_144

    chunked = await web.post(
        "/api/data-sync/files", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert (chunked.status_code, chunked.json()["type"]) == (413, "too-large")
    assert kept(environ) == []


async def test_a_template_is_a_draft_until_it_is_published(web: httpx.AsyncClient) -> None:
    """Each creation is the next version; publishing twice is no mistake."""
    created = await web.post("/api/data-sync/templates", json=TEMPLATE)
    template = created.json()
    assert created.status_code == 201
    assert {key: template[key] for key in TEMPLATE} == TEMPLATE
    assert (template["version"], template["state"], template["repeats"]) == (1, "draft", "number")
    path = f"/api/data-sync/templates/{template['id']}"
    for _ in range(2):
        assert (await web.post(f"{path}/publish")).json()["state"] == "published"
    assert (await web.get(path)).json()["state"] == "published"
    assert (await web.post("/api/data-sync/templates", json=TEMPLATE)).json()["version"] == 2


async def test_templates_are_listed_page_by_page(web: httpx.AsyncClient) -> None:
    """Newest first, by filter, each exactly once."""
    made = [(await publish(web))["id"] for _ in range(5)]
    await publish(web, platform="other")
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        query = {"platform": "shop", "domain": "orders", "limit": "2", **cursor}
        page = (await web.get("/api/data-sync/templates", params=query)).json()
        seen += [template["id"] for template in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == made[::-1]


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"fields": []}, {"/fields"}),
        (
            {"fields": ["a", "A ", "a\u3000"], "key_fields": ["a"], "required_fields": []},
            {"/fields/2", "/date_rule/field"},
        ),
        ({"key_fields": []}, {"/key_fields"}),
        ({"key_fields": ["order_no", "nothing"]}, {"/key_fields/1"}),
        ({"required_fields": ["nothing"]}, {"/required_fields/0"}),
        ({"date_rule": {"field": "nothing"}}, {"/date_rule/field"}),
        ({"date_rule": {"field": "ordered_at", "format": "%H:%M"}}, {"/date_rule/format"}),
        ({"date_rule": {"field": "ordered_at", "format": "%Y-%m-%d %d"}}, {"/date_rule/format"}),
        ({"date_rule": "ordered_at"}, {"/date_rule"}),
        ({"header_row": 0}, {"/header_row"}),
        ({"repeats": "ignore"}, {"/repeats"}),
        ({"domain": "weather", "colour": 1}, {"/domain", "/colour"}),
    ],
)
async def test_a_template_that_makes_no_sense_is_refused(
    web: httpx.AsyncClient, database: Database, changes: dict[str, Any], pointers: set[str]
) -> None:
    """Before any file meets it, each mistake by its place."""
    answer = await web.post("/api/data-sync/templates", json={**TEMPLATE, **changes})
    assert answer.status_code == 422, answer.text
    assert {error["pointer"] for error in answer.json()["errors"]} == pointers
    assert await database.fetch("SELECT id FROM templates") == []


async def test_a_template_may_leave_its_keys_to_the_domain(web: httpx.AsyncClient) -> None:
    """By what its fields are called; where none is called so, it is asked for them."""
    kept = {name: value for name, value in TEMPLATE.items() if name != "key_fields"}
    day = TEMPLATE["date_rule"]["field"]
    for fields, keys in ((["SKU", "订单号", day], ["订单号"]), (["SKU", "名称", day], None)):
        answer = await web.post("/api/data-sync/templates", json={**kept, "fields": fields, "required_fields": []})
        if keys is None:
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/key_fields")
        else:
            assert (answer.status_code, answer.json()["key_fields"]) == (201, keys)


async def test_what_is_not_there_is_not_found(web: httpx.AsyncClient) -> None:
    """Files, templates and syncs, by ids of any form."""
    for name in (uuid4(), "nothing"):
        for method, path in (
            ("GET", f"/api/data-sync/files/{name}"),
            ("GET", f"/api/data-sync/templates/{name}"),
            ("POST", f"/api/data-sync/templates/{name}/publish"),
            ("GET", f"/api/data-sync/progress/{name}"),
        ):
            answer = await web.request(method, path)
            assert (answer.status_code, answer.json()["type"]) == (404, "not-found"), path
    answer = await web.post("/api/data-sync/single", json={"file_id": str(uuid4())})
    assert (answer.status_code, answer.json()["type"]) == (404, "not-found")


async def test_an_archived_template_is_not_published(web: httpx.AsyncClient, database: Database) -> None:
    """409, and what to do instead."""
    template = (await web.post("/api/data-sync/templates", json=TEMPLATE)).json()
    await database.execute("UPDATE templates SET state = 'archived'")
    answer = await web.post(f"/api/data-sync/templates/{template['id']}/publish")
    assert (answer.status_code, answer.json()["type"]) == (409, "conflict")


@pytest.mark.parametrize(
    "body", [{}, {"file_id": 7}, {"file_id": "nothing"}, {"file_id": str(uuid4()), "priority": 11}]
)
async def test_a_wrong_sync_is_refused(web: httpx.AsyncClient, body: dict[str, Any]) -> None:
    """422, with the field."""
    answer = await web.post("/api/data-sync/single", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "validation")


async def test_progress_of_another_kind_of_job_is_not_shown(web: httpx.AsyncClient) -> None:
    """It is no sync."""
    job = (await web.post("/api/jobs", json={"task": "diag.noop"})).json()
    assert (await web.get(f"/api/data-sync/progress/{job['id']}")).status_code == 404
