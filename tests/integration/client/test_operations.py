"""The client has a method for every operation of the document, which asks for it in words that the site takes."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from app.client import Client, Event, Patience, ProblemError
from app.client.shapes.templates import NewTemplate
from tests.support.files import ORDERS, as_csv
from tests.support.openapi import Described, hold_to_document, operations, resolved
from tests.support.people import PASSWORD
from tests.support.site import ADMIN_KEY
from tests.support.standing import StandingSite

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPERATIONS = {operation.name: operation for operation in operations()}
NOBODY = "0" * 32
NOW = datetime.now(UTC)
THEN = NOW - timedelta(days=1)
TEMPLATE: NewTemplate = {
    "platform": "shop",
    "domain": "orders",
    "granularity": "daily",
    "fields": ORDERS,
    "key_fields": ORDERS[:2],
    "date_rule": {"field": "ordered_at", "format": "%Y-%m-%d"},
    "sub_domain": "retail",
    "header_row": 2,
    "required_fields": ORDERS[:1],
    "repeats": "merge",
    "types": {"quantity": "integer", "price": "number"},
    "ranges": {"price": {"minimum": 0.0}},
}

# What no program asks for, and why.
LEFT_OUT = {"show_asset": "scripts and styles of the page that is there to be read"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    """What there is to ask for, by ids. Of the others there is nothing, and the site says so."""

    job: str
    batch: str
    file: str
    template: str
    path: Path


# By operation, with all that can be said of what is wanted.
CALLS: Mapping[str, Callable[[Client, Things], Awaitable[object]]] = {
    "list_jobs": lambda client, _: first(
        client.jobs.list(
            most=1,
            state=["queued", "failed"],
            owner="admin",
            tag="one",
            batch=NOBODY,
            task="diag.noop",
            queue="data_sync",
            accepted_after=THEN,
            accepted_before=NOW,
        )
    ),
    "submit_job": lambda client, _: submit_twice(client),
    "show_job": lambda client, things: client.jobs.show(things.job, wait_s=0.1),
    "cancel_job": lambda client, _: client.jobs.cancel(NOBODY, wait_s=0.1),
    "retry_job": lambda client, things: client.jobs.retry(things.job),
    "follow_job": lambda client, things: first(client.jobs.follow(things.job)),
    "follow_jobs": lambda client, _: first(client.jobs.follow_all()),
    "list_causes": lambda client, _: first(client.failures.list(most=1, since=THEN)),
    "retry_cause": lambda client, _: client.failures.retry(NOBODY),
    "list_batches": lambda client, _: first(client.batches.list(most=1)),
    "submit_batch": lambda client, _: client.batches.submit(
        [{"task": "diag.noop", "delay_s": 60}], name="two", on_complete={"task": "diag.noop"}
    ),
    "show_batch": lambda client, things: client.batches.show(things.batch),
    "cancel_batch": lambda client, _: client.batches.cancel(NOBODY),
    "retry_batch": lambda client, things: client.batches.retry(things.batch),
    "follow_batch": lambda client, things: first(client.batches.follow(things.batch)),
    "list_queues": lambda client, _: client.queues.list(),
    "pause_queue": lambda client, _: client.queues.pause("nothing"),
    "resume_queue": lambda client, _: client.queues.resume("scheduled"),
    "show_quota": lambda client, _: client.quotas.show("admin"),
    "change_quota": lambda client, _: client.quotas.change("admin", max_running=None, max_waiting=None),
    "list_workers": lambda client, _: client.queues.workers(),
    "log_in": lambda client, _: client.accounts.login("nobody", PASSWORD),
    "log_out": lambda client, _: client.accounts.logout(),
    "show_me": lambda client, _: client.accounts.me(),
    "change_password": lambda client, _: client.accounts.change_password(PASSWORD, f"{PASSWORD}2"),
    "list_keys": lambda client, _: client.keys.list(),
    "create_key": lambda client, _: client.keys.add("a program's", expires_in_days=1),
    "revoke_key": lambda client, _: client.keys.revoke(NOBODY),
    "list_users": lambda client, _: first(client.users.list(most=1)),
    "create_user": lambda client, _: client.users.add("client-cat", PASSWORD, role="premium"),
    "change_user": lambda client, _: client.users.change(NOBODY, role="normal", disabled=True, password=PASSWORD),
    "list_audit": lambda client, _: first(
        client.audit.list(most=1, actor="admin", action="cache.clear", object_id="shops", after=THEN, before=NOW)
    ),
    "show_limits": lambda client, _: client.limits.show(),
    "change_limits": lambda client, _: change_limits(client),
    "show_own_limits": lambda client, _: client.limits.own(),
    "clear_statistics": lambda client, _: client.limits.clear_statistics(),
    "show_statistics": lambda client, _: client.limits.statistics(minutes=5),
    "list_denials": lambda client, _: client.limits.denials(most=5),
    "list_anomalies": lambda client, _: client.limits.anomalies(),
    "list_tasks": lambda client, _: client.jobs.tasks(),
    "list_schedules": lambda client, _: client.schedules.list(),
    "run_schedule": lambda client, _: client.schedules.run("nothing"),
    "list_files": lambda client, _: first(
        client.files.list(platform="shop", shop_id="s1", domain="orders", granularity="daily", state="pending")
    ),
    "upload_file": lambda client, things: client.files.upload(
        things.path, platform="shop", shop_id="s1", domain="orders", granularity="daily"
    ),
    "show_file": lambda client, things: client.files.show(things.file),
    "list_quarantine": lambda client, things: first(client.quarantine.list(things.file, most=1, after=5)),
    "replay_rows": lambda client, things: client.quarantine.replay_all(things.file),
    "replay_row": lambda client, things: client.quarantine.replay(things.file, 5, {"quantity": 1, "sku": "cup"}),
    "show_quality": lambda client, things: client.files.quality(things.file),
    "list_templates": lambda client, _: first(
        client.templates.list(platform="shop", domain="orders", granularity="daily")
    ),
    "create_template": lambda client, _: client.templates.add(**TEMPLATE),
    "show_template": lambda client, things: client.templates.show(things.template),
    "publish_template": lambda client, things: client.templates.publish(things.template),
    "list_syncs": lambda client, _: first(client.syncs.list(most=1, state="running")),
    "show_governance": lambda client, _: client.files.governance(),
    "scan_inbox": lambda client, _: client.files.scan(),
    "sync_single": lambda client, _: client.syncs.one(NOBODY, priority=3),
    "list_alerts": lambda client, _: first(
        client.alerts.list(most=1, state="open", platform="shop", shop_id="s1", sku="cup")
    ),
    "sync_due": lambda client, _: client.syncs.due(
        platform="none", domains=["orders"], granularities=["daily"], since_hours=1, most=1, priority=3
    ),
    "sync_these": lambda client, _: client.syncs.these([NOBODY], priority=3),
    "sync_all": lambda client, _: client.syncs.all(priority=3),
    "show_progress": lambda client, _: client.syncs.progress(NOBODY),
    "list_shops": lambda client, _: first(client.shops.list(most=1, platform="shop", enabled=True)),
    "create_shop": lambda client, _: client.shops.add("shop", "s1", "The first", enabled=False),
    "delete_shop": lambda client, _: client.shops.delete(NOBODY),
    "change_shop": lambda client, _: client.shops.change(NOBODY, name="Another", enabled=True),
    "list_component_versions": lambda client, _: first(
        client.component_versions.list(most=1, component="sync_file", status="active")
    ),
    "create_component_version": lambda client, _: client.component_versions.add("sync_file", "1.0.0", notes="first"),
    "change_component_version": lambda client, _: client.component_versions.change(
        NOBODY, status="deprecated", notes=""
    ),
    "show_cache_statistics": lambda client, _: client.cache.statistics(),
    "clear_cache": lambda client, _: client.cache.clear("shops"),
    "preview_file": lambda client, things: client.files.preview(things.file),
    "show_profile": lambda client, things: client.profiles.show(things.file),
    "list_images": lambda client, _: first(client.images.list(most=1, platform="shop", shop_id="s1", sku="cup")),
    "show_image": lambda client, _: client.images.original(NOBODY),
    "show_thumbnail": lambda client, _: client.images.thumbnail(NOBODY),
    "extract_images": lambda client, _: client.images.extract(NOBODY, priority=3),
    "profile_workbook": lambda client, _: client.profiles.make(NOBODY, priority=3),
    "healthz": lambda client, _: client.site.certified_until(),
    "readyz": lambda client, _: client.site.readiness(),
    "show_metrics": lambda client, _: client.site.metrics(None),
    "show_page": lambda client, _: client.site.version(),
    "show_document": lambda client, _: client.site.version(),
}
# What there is nothing of, what its state does not allow, and a wrong password.
REFUSALS = {401, 404, 409}


class Recorded(httpx.AsyncHTTPTransport):
    """Asks as httpx does, and keeps what was asked; each answer is held to the document."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask."""
        self.asked.append(request)
        answer = await super().handle_async_request(request)
        answer.request = request
        await hold_to_document(answer)
        return answer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def things(standing: StandingSite, client: Client, tmp_path_factory: pytest.TempPathFactory) -> Things:
    """Make one of each; nothing of it runs."""
    path = tmp_path_factory.mktemp("files") / "orders.csv"
    path.write_bytes(as_csv([ORDERS, ("A1", "cup", 1, 2, "2026-11-01")]))
    del standing
    job = await client.jobs.submit("diag.noop", delay_s=3_600)
    batch = await client.batches.submit([{"task": "diag.noop", "delay_s": 3_600}])
    template = await client.templates.add(**TEMPLATE)
    file = await client.files.upload(path, platform="shop", shop_id="s1", domain="orders", granularity="daily")
    return Things(job=job["id"], batch=batch["id"], file=file["id"], template=template["id"], path=path)


async def test_none_is_left_out() -> None:
    """But for those that are named here, with the reason."""
    assert CALLS.keys() | LEFT_OUT.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("name", CALLS)
async def test_a_method_asks_for_it(standing: StandingSite, things: Things, name: str) -> None:
    """By all words that there are; the site takes each of them, and the answer is one that the document has."""
    recorded = Recorded()
    async with Client(standing.url, ADMIN_KEY, patience=Patience(total_s=0), http=recorded) as client:
        refusal = await refused(CALLS[name](client, things))
    assert refusal is None or refusal.status in REFUSALS, refusal
    operation = OPERATIONS[name]
    asked = [request for request in recorded.asked if operation.matches(request)]
    assert asked, recorded.asked
    assert words_of(operation) <= set().union(*(words_in(request) for request in asked))


def words_of(operation: Described) -> set[str]:
    """Give all that may be said of what is wanted, but for where a list or a stream goes on."""
    body = resolved((operation.content("application/json") or {}).get("schema", {}))
    return {*operation.parameters("query"), *body.get("properties", ())} - {"cursor", "last_event_id"}


def words_in(request: httpx.Request) -> set[str]:
    """Give what was said of what is wanted."""
    is_json = request.headers.get("Content-Type") == "application/json"
    return {*request.url.params, *(json.loads(request.content) if is_json else ())}


async def refused(asking: Awaitable[object]) -> ProblemError | None:
    """Ask; give why the site does not do it, where it does not."""
    try:
        await asking
    except ProblemError as refusal:
        return refusal
    return None


async def first(items: AsyncIterator[object] | AsyncIterator[Event]) -> object:
    """Ask for the first of them."""
    return await anext(items, None)


async def submit_twice(client: Client) -> None:
    """Submit jobs that are due after some time, and at a time."""
    await client.jobs.submit("diag.noop", {}, delay_s=60, tags=["one"], max_tries=1, priority=3, queue="data_sync")
    await client.jobs.submit("diag.noop", run_at=NOW, unique_key="one", timeout_s=5, expires_in_s=1)


async def change_limits(client: Client) -> object:
    """Put the limits that are in force."""
    in_force = await client.limits.show()
    return await client.limits.change(in_force["limits"], version=in_force["version"])
