"""Every route of the application, met by nobody, by another user, by the owner and by an administrator.

Whoever adds a route adds a row: what nobody has thought of is open, as it was in the system that this replaces.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.routes import ROUTES
from jobs.stores.database import Database
from jobs.tasks.data_processing.profiles import ProfileStore
from ratelimit.settings import RateLimitSettings
from tests.support.batches import noops, submit_batch
from tests.support.failing import fail
from tests.support.files import ORDERS, as_csv, publish, upload
from tests.support.people import PASSWORD, Person, new_user, sending
from tests.support.pictures import book_of, keep_image, upload_book
from tests.support.shops import SHOP, VERSION, new_component_version, new_shop
from tests.support.site import ADMIN_KEY, submit

_CSV = as_csv([ORDERS, ("A1", "x", 2, "1.50", "2026-03-01 10:00:00")])
_FORM = {"platform": "shop", "shop_id": "s1", "domain": "orders", "granularity": "daily"}
_TEMPLATE = {
    **{key: _FORM[key] for key in ("platform", "domain", "granularity")},
    "fields": list(ORDERS),
    "key_fields": ["order_no"],
    "date_rule": {"field": "ordered_at"},
}
_PROFILE = {"rows": 0, "sheets": [], "sheets_total": 0, "encoding": None}
_SET_ASIDE = """
INSERT INTO quarantined_rows (file_id, row_number, reason, data)
VALUES ($1, 2, 'is not there', '{"order_no": "A1", "sku": "x", "ordered_at": "2026-03-01"}')
"""
_MEASURED = "INSERT INTO quality_reports (file_id, job_id, rows_read, parts) VALUES ($1, 'none', 0, '[]')"
_NOOP = {"task": "diag.noop"}
_LOGIN = {"username": "ann", "password": PASSWORD}
_CHOSEN = {"username": "carl", "password": PASSWORD}
_LIMITS = RateLimitSettings().document().model_dump()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What nobody, another user, the owner and an administrator get, one after the other, and what they send.

    `place` names the thing of the owner's that stands in the path; texts in `sent` that begin with `$` name things too.
    """

    statuses: tuple[int, int, int, int]
    place: str | None = None
    sent: Mapping[str, Any] = field(default_factory=dict)


def _all(*statuses: int, place: str | None = None, **sent: Any) -> Row:  # noqa: ANN401  what httpx takes
    nobody, other, owner, admin = statuses
    return Row(statuses=(nobody, other, owner, admin), place=place, sent=sent)


_OPEN = _all(200, 200, 200, 200)
_KNOWN = _all(401, 200, 200, 200)  # everybody who is known, each for himself
_ADMINS = _all(401, 403, 403, 200)

# In this order: what comes later finds what those before have left.
TABLE: Mapping[tuple[str, str], Row] = {
    ("GET", "/healthz"): _OPEN,
    ("GET", "/readyz"): _OPEN,
    ("GET", "/metrics"): _OPEN,
    ("GET", "/docs"): _OPEN,
    ("GET", "/docs/{file}"): _all(200, 200, 200, 200, place="page.js"),
    ("GET", "/openapi.json"): _OPEN,
    ("POST", "/api/jobs"): _all(401, 202, 202, 202, json=_NOOP),
    ("GET", "/api/jobs"): _KNOWN,
    ("GET", "/api/jobs/{id}"): _all(401, 404, 200, 200, place="$job"),
    ("GET", "/api/jobs/{id}/events"): _all(401, 404, 200, 200, place="$job"),
    ("POST", "/api/jobs/{id}/cancel"): _all(401, 404, 200, 200, place="$job"),
    ("POST", "/api/jobs/{id}/retry"): _all(401, 404, 202, 409, place="$failed"),
    ("GET", "/api/events"): _KNOWN,
    ("GET", "/api/failures"): _KNOWN,
    ("POST", "/api/failures/{fingerprint}/retry"): _all(401, 404, 202, 202, place="cause"),
    ("POST", "/api/batches"): _all(401, 202, 202, 202, json={"jobs": [_NOOP]}),
    ("GET", "/api/batches"): _KNOWN,
    ("GET", "/api/batches/{id}"): _all(401, 404, 200, 200, place="$batch"),
    ("POST", "/api/batches/{id}/retry"): _all(401, 404, 409, 409, place="$batch"),
    ("POST", "/api/batches/{id}/cancel"): _all(401, 404, 200, 200, place="$batch"),
    ("GET", "/api/batches/{id}/events"): _all(401, 404, 200, 200, place="$batch"),
    ("GET", "/api/queues"): _KNOWN,
    ("POST", "/api/queues/{q}/pause"): _all(401, 403, 403, 200, place="data_sync"),
    ("POST", "/api/queues/{q}/resume"): _all(401, 403, 403, 200, place="data_sync"),
    ("GET", "/api/quota"): _KNOWN,
    ("PATCH", "/api/quota/{owner}"): _all(401, 403, 403, 200, place="$ann", json={"max_waiting": 100}),
    ("GET", "/api/workers"): _KNOWN,
    ("GET", "/api/audit"): _ADMINS,
    ("GET", "/api/rate-limit/config"): _ADMINS,
    ("PUT", "/api/rate-limit/config"): _all(401, 403, 403, 428, json=_LIMITS),
    ("GET", "/api/rate-limit/my-info"): _KNOWN,
    ("GET", "/api/rate-limit/stats"): _ADMINS,
    ("DELETE", "/api/rate-limit/stats"): _all(401, 403, 403, 204),
    ("GET", "/api/rate-limit/events"): _ADMINS,
    ("GET", "/api/rate-limit/anomalies"): _ADMINS,
    ("GET", "/api/tasks"): _KNOWN,
    ("GET", "/api/schedules"): _KNOWN,
    ("POST", "/api/schedules/{name}/run"): _all(401, 403, 403, 202, place="nap"),
    # Everybody's own copy: that somebody has the same bytes is told to nobody.
    ("POST", "/api/data-sync/files"): _all(401, 201, 200, 201, data=_FORM, files={"file": ("a.csv", _CSV)}),
    ("GET", "/api/data-sync/files/{id}"): _all(401, 404, 200, 200, place="$file"),
    ("GET", "/api/data-sync/files/{id}/quality"): _all(401, 404, 200, 200, place="$file"),
    ("GET", "/api/data-sync/files/{id}/quarantine"): _all(401, 404, 200, 200, place="$file"),
    ("POST", "/api/data-sync/files/{id}/quarantine/{row_number}/replay"): _all(
        *(401, 404, 200, 409), place="$file", json={}
    ),
    ("POST", "/api/data-sync/files/{id}/quarantine/replay"): _all(401, 404, 200, 200, place="$file"),
    ("GET", "/api/data-sync/files"): _KNOWN,
    ("GET", "/api/data-sync/tasks"): _KNOWN,
    ("GET", "/api/data-sync/governance"): _KNOWN,
    ("POST", "/api/data-sync/scan"): _all(401, 403, 403, 200),
    ("GET", "/api/data-sync/templates"): _KNOWN,
    ("POST", "/api/data-sync/templates"): _all(401, 403, 403, 201, json=_TEMPLATE),
    ("GET", "/api/data-sync/templates/{id}"): _all(401, 200, 200, 200, place="$template"),
    ("POST", "/api/data-sync/templates/{id}/publish"): _all(401, 403, 403, 200, place="$template"),
    ("GET", "/api/data-sync/alerts"): _KNOWN,
    ("POST", "/api/data-sync/single"): _all(401, 404, 200, 200, json={"file_id": "$file"}),
    ("POST", "/api/data-sync/batch"): _all(401, 200, 200, 200, json={"platform": "nobody"}),
    ("POST", "/api/data-sync/batch-by-ids"): _all(401, 404, 200, 200, json={"file_ids": ["$file"]}),
    ("POST", "/api/data-sync/batch-all"): _all(401, 202, 200, 202, json={}),
    ("GET", "/api/data-sync/progress/{id}"): _all(401, 404, 200, 200, place="$sync"),
    ("GET", "/api/data-sync/accounts"): _KNOWN,
    ("POST", "/api/data-sync/accounts"): _all(401, 403, 403, 201, json={**SHOP, "shop_id": "another"}),
    ("PATCH", "/api/data-sync/accounts/{id}"): _all(401, 403, 403, 200, place="$shop", json={"enabled": False}),
    ("DELETE", "/api/data-sync/accounts/{id}"): _all(401, 403, 403, 200, place="$shop"),
    ("GET", "/api/data-sync/component-versions"): _KNOWN,
    ("POST", "/api/data-sync/component-versions"): _all(401, 403, 403, 201, json={**VERSION, "version": "another"}),
    ("PATCH", "/api/data-sync/component-versions/{id}"): _all(401, 403, 403, 200, place="$version", json={}),
    ("GET", "/api/cache/stats"): _KNOWN,
    ("DELETE", "/api/cache/{type}"): _all(401, 403, 403, 204, place="shops"),
    ("GET", "/api/data-sync/images"): _KNOWN,
    ("GET", "/api/data-sync/images/{id}"): _all(401, 404, 200, 200, place="$image"),
    ("GET", "/api/data-sync/images/{id}/thumbnail"): _all(401, 404, 200, 200, place="$image"),
    ("POST", "/api/data-processing/images"): _all(401, 404, 202, 200, json={"file_id": "$book"}),
    ("POST", "/api/data-processing/workbooks"): _all(401, 404, 202, 200, json={"file_id": "$book"}),
    ("POST", "/api/data-sync/files/{id}/preview"): _all(401, 404, 200, 200, place="$file"),
    ("GET", "/api/data-sync/files/{id}/profile"): _all(401, 404, 200, 200, place="$book"),
    ("POST", "/api/auth/login"): _all(200, 200, 200, 200, json=_LOGIN),
    ("POST", "/api/auth/logout"): _all(401, 409, 409, 409),  # an API key is no session
    ("GET", "/api/auth/me"): _KNOWN,
    ("POST", "/api/auth/password"): _all(401, 200, 200, 409, json={"current": PASSWORD, "new": PASSWORD}),
    ("GET", "/api/auth/keys"): _KNOWN,
    ("POST", "/api/auth/keys"): _all(401, 201, 409, 409, json={"name": "next"}),  # the owner has two
    ("DELETE", "/api/auth/keys/{id}"): _all(401, 404, 200, 404, place="$spare_key"),  # gone, once he has revoked it
    ("GET", "/api/users"): _ADMINS,
    ("POST", "/api/users"): _all(401, 403, 403, 201, json=_CHOSEN),
    ("PATCH", "/api/users/{id}"): _all(401, 403, 403, 200, place="$ann", json={"role": "normal"}),
}

# Of things, those that everybody may see.
_EVERYBODYS = {"template", "shop", "version"}

# Asked by HEAD: their answer has no end.
_STREAMS = {"/api/jobs/{id}/events", "/api/batches/{id}/events", "/api/events"}


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site that has schedules too."""
    return {**environ, "JOBS_SCHEDULES": "tests.support.schedules:SCHEDULES"}


@pytest.fixture
async def ann(web: httpx.AsyncClient) -> Person:
    """Give the owner."""
    return await new_user(web, "ann")


@pytest.fixture
async def things(web: httpx.AsyncClient, ann: Person, database: Database, environ: dict[str, str]) -> Mapping[str, str]:
    """Make one of each thing, of the owner's where things have one; give their ids."""
    template = await publish(web)
    shop, version = await new_shop(web), await new_component_version(web)
    await fail(database, "cause", ann.id, 2)
    await fail(database, "cause", "admin", 1)
    with ann.asking(web):
        file = (await upload(web, _CSV)).json()
        book = await upload_book(web, book_of([]))
        await ProfileStore(database).put(UUID(book["id"]), _PROFILE)
        await database.execute(_SET_ASIDE, file["id"])
        await database.execute(_MEASURED, file["id"])
        return {
            "book": book["id"],
            "image": await keep_image(environ, database, book),
            "ann": ann.id,
            "template": template["id"],
            "shop": shop,
            "version": version,
            "failed": f"{ann.id}1cause",
            "job": (await submit(web, "diag.noop"))["id"],
            "batch": (await submit_batch(web, noops(1, delay_s=600)))["id"],
            "file": file["id"],
            "sync": (await web.post("/api/data-sync/single", json={"file_id": file["id"]})).json()["task_id"],
            "spare_key": (await web.post("/api/auth/keys", json={"name": "spare"})).json()["id"],
        }


def _filled(value: Any, things: Mapping[str, str]) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, Mapping):
        return {key: _filled(inner, things) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, things) for inner in value]
    return things[value[1:]] if isinstance(value, str) and value.startswith("$") else value


async def _ask(web: httpx.AsyncClient, route: tuple[str, str], row: Row, things: Mapping[str, str]) -> httpx.Response:
    method, path = route
    start, _, rest = path.partition("{")
    if rest:
        path = f"{start}{_filled(row.place, things)}{rest.partition('}')[2]}".replace("{row_number}", "2")
    web.cookies.clear()  # those of logins
    return await web.request("HEAD" if route[1] in _STREAMS else method, path, **_filled(row.sent, things))


def test_every_route_has_a_row() -> None:
    """And no row is left of one that is gone."""
    assert TABLE.keys() == {(method, route.path) for route in ROUTES for method in route.endpoints}


async def test_each_route_answers_as_its_row_says(
    web: httpx.AsyncClient, ann: Person, things: Mapping[str, str]
) -> None:
    """401 for nobody, 404 for what is another's, 403 for what is an administrator's; and no list tells of others."""
    other = await new_user(web, "other")
    found, told = {}, []
    theirs = {id_ for name, id_ in things.items() if name not in _EVERYBODYS} | {ann.key_id, "ann"}
    for route, row in TABLE.items():
        answers = []
        for key in (None, other.key, ann.key, ADMIN_KEY):
            with sending(web, key):
                answers.append(await _ask(web, route, row, things))
        found[route] = tuple(answer.status_code for answer in answers)
        if route[1] not in {"/api/auth/login", "/openapi.json"} and answers[1].is_success:
            told += [(route, id_) for id_ in theirs if f'"{id_}"' in answers[1].text]
    assert found == {route: row.statuses for route, row in TABLE.items()}
    assert told == []


async def test_a_job_for_another_s_file_tells_nothing_of_it(
    web: httpx.AsyncClient, ann: Person, things: Mapping[str, str]
) -> None:
    """Anybody may name any file's id in a job's arguments: the job will fail, and its progress has no name."""
    other = await new_user(web, "other")
    with other.asking(web):
        job = await submit(web, "sync_file", {"file_id": things["file"]})
        progress = (await web.get(f"/api/data-sync/progress/{job['id']}")).json()
        assert (progress["task_id"], progress["current_file"]) == (job["id"], "")
    with ann.asking(web):
        assert (await web.get(f"/api/data-sync/progress/{things['sync']}")).json()["current_file"] == "orders.csv"


async def test_the_same_bytes_are_everybody_s_own_file(web: httpx.AsyncClient, ann: Person) -> None:
    """Whoever has them as well gets a file that he may see and sync."""
    other = await new_user(web, "other")
    ids = []
    for person in (ann, other):
        with person.asking(web):
            first, again = [await upload(web, _CSV) for _ in range(2)]
            assert (first.status_code, again.status_code, first.json()) == (201, 200, again.json())
            assert first.json()["owner"] == person.id
            assert (await web.post("/api/data-sync/single", json={"file_id": first.json()["id"]})).status_code == 202
            ids.append(first.json()["id"])
    assert len(set(ids)) == 2


async def test_what_an_administrator_syncs_is_its_owner_s(
    web: httpx.AsyncClient, ann: Person, things: Mapping[str, str], database: Database
) -> None:
    """Who looks at his file finds the job, and may see it."""
    await database.execute("UPDATE files SET job_id = NULL")
    job = (await web.post("/api/data-sync/single", json={"file_id": things["file"]})).json()["job"]
    assert job["owner"] == ann.id
    with ann.asking(web):
        task_id = (await web.get(f"/api/data-sync/files/{things['file']}")).json()["task_id"]
        assert task_id == job["id"]
        assert (await web.get(f"/api/data-sync/progress/{task_id}")).status_code == 200
