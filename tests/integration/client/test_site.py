"""Files, and what administrators do, by the client, on a site that runs."""

from pathlib import Path

import pytest

from app.client import Client, PreconditionFailedError, UnauthenticatedError
from tests.support.files import ORDERS, as_csv, publish
from tests.support.people import PASSWORD
from tests.support.standing import StandingSite

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROWS = [("A1", "cup", 1, 2.5, "2026-11-01"), ("A2", "can", 2, 5, "2026-11-02")]


async def test_files_are_uploaded_and_synced(standing: StandingSite, client: Client, tmp_path: Path) -> None:
    """With the bytes told, once for the same bytes; one by one and many by one call."""
    await publish(standing.admin)
    told: list[tuple[int, int]] = []
    paths = [tmp_path / f"{name}.csv" for name in ("one", "two", "three")]
    for number, path in enumerate(paths):
        path.write_bytes(as_csv([ORDERS, *ROWS[:number], (f"B{number}", "pot", 1, 1, "2026-11-03")]))
    files = [
        await client.files.upload(
            path,
            told=lambda done, total: told.append((done, total)),
            platform="shop",
            shop_id="s1",
            domain="orders",
            granularity="daily",
        )
        for path in paths
    ]
    assert told[0] == (paths[0].stat().st_size, paths[0].stat().st_size)
    again = await client.files.upload(
        paths[0], platform="shop", shop_id="s1", domain="orders", granularity="daily", sub_domain=None
    )
    assert again["id"] == files[0]["id"]
    begun = await client.syncs.one(files[0]["id"])
    await client.jobs.wait(begun["task_id"])
    progress = await client.syncs.progress(begun["task_id"])
    assert (progress["state"], progress["rows"]["inserted"]) == ("succeeded", 1)
    many = await client.syncs.these([files[1]["id"], "0" * 32])
    assert (many["file_count"], len(many["missing_file_ids"])) == (1, 1)
    assert many["task_id"] is not None
    await client.batches.wait(many["task_id"])
    rest = await client.syncs.all()
    assert rest["file_count"] == 1
    assert (await client.syncs.due(platform="shop", domains=["orders"], most=5))["task_id"] is None
    assert len([file async for file in client.files.list(domain="orders")]) == 3
    assert {entry["kind"] async for entry in client.syncs.list()} == {"file", "batch"}
    assert (await client.files.show(files[0]["id"]))["state"] == "ingested"


async def test_queues_rest_and_go_on(client: Client) -> None:
    """And say who serves them."""
    assert await client.queues.pause("scheduled") == {"name": "scheduled", "paused": True}
    paused = {queue["name"] for queue in await client.queues.list() if queue["paused"]}
    assert paused == {"scheduled"}
    assert not (await client.queues.resume("scheduled"))["paused"]
    (worker,) = await client.queues.workers()
    assert worker["queues"]["data_sync"]["slots"] == 4


async def test_schedules_run_out_of_turn(client: Client) -> None:
    """Their jobs are jobs."""
    assert {one["name"] for one in await client.schedules.list()} == {"often", "nap"}
    job = await client.schedules.run("nap")
    assert await client.jobs.result(job["id"]) == 0.5


async def test_a_person_comes_in_and_makes_keys(standing: StandingSite, client: Client) -> None:
    """By password, for a session; a key is revoked, the session is ended, the user is disabled."""
    user = await client.users.add("client-ann", PASSWORD, role="premium")
    async with Client(standing.url) as nobody:
        begun = await nobody.accounts.login("client-ann", PASSWORD)
        with pytest.raises(UnauthenticatedError):  # no cookie is kept
            await nobody.accounts.me()
    async with Client(standing.url, begun["token"]) as ann:
        assert await ann.accounts.me() == {"id": user["id"], "username": "client-ann", "role": "premium"}
        key = await ann.keys.add("import", expires_in_days=None)
        assert [one["name"] for one in await ann.keys.list()] == ["import"]
        async with Client(standing.url, key["key"]) as program:
            assert (await program.quotas.show())["tier"] == "premium"
        await ann.keys.revoke(key["id"])
        assert not (await ann.accounts.logout())["logged_in"]
    assert (await client.users.change(user["id"], disabled=True))["disabled"]
    assert "client-ann" in [one["username"] async for one in client.users.list()]


async def test_quotas_and_limits_are_changed(client: Client) -> None:
    """Limits by whoever has read those in force; what is not said stays."""
    user = await client.users.add("client-bob", PASSWORD)
    changed = await client.quotas.change(user["id"], max_running=3)
    assert changed["overrides"] == {"max_running": 3, "max_waiting": None}
    assert (await client.quotas.show(user["id"]))["limits"]["max_running"] == 3
    before = await client.limits.show()
    before["limits"]["tiers"]["anonymous"]["auth"] = "7/minute"
    after = await client.limits.change(before["limits"], version=before["version"])
    assert after["limits"]["tiers"]["anonymous"]["auth"] == "7/minute"
    with pytest.raises(PreconditionFailedError):
        await client.limits.change(before["limits"], version=before["version"])
    assert (await client.limits.own())["tier"] == "admin"
    assert await client.limits.denials() == []
    assert await client.limits.anomalies() == []


async def test_tasks_say_what_they_take(client: Client) -> None:
    """By a JSON Schema."""
    tasks = {task["name"]: task for task in await client.jobs.tasks()}
    assert tasks["diag.sleep"]["args"]["required"] == ["seconds"]
