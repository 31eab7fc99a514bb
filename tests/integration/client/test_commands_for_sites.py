"""The commands for files, queues, schedules, people and limits, on a site that runs: for people, and as JSON."""

from pathlib import Path

import pytest

from app.client import Client
from tests.support.conditions import eventually
from tests.support.files import ORDERS, as_csv, publish
from tests.support.people import PASSWORD
from tests.support.standing import StandingSite

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOURCE = ("--platform", "shop", "--shop", "s1", "--domain", "orders", "--granularity", "daily")


async def test_upload_and_sync(standing: StandingSite, tmp_path: Path) -> None:
    """Files go in, and what became of their rows comes out; the status says whether all were loaded."""
    await publish(standing.admin)
    paths = [tmp_path / f"{name}.csv" for name in ("one", "two", "three", "broken")]
    for number, path in enumerate(paths):
        path.write_bytes(as_csv([ORDERS, (f"A{number}", "cup", 1, 2, "2026-11-01")]))
    paths[3].write_bytes(as_csv([("a", "b"), (1, 2)]))
    told = await standing.command("upload", str(paths[0]), *SOURCE, "--from", "2026-11-01", "--to", "2026-11-30")
    assert told.status == 0, told.err
    assert "one.csv" in told.out
    synced = await standing.command("upload", str(paths[0]), str(paths[1]), *SOURCE, "--sync")
    assert synced.status == 0
    assert "2 of 2 loaded" in synced.out
    uploaded = [await standing.command("upload", str(path), *SOURCE, "--json") for path in paths[2:]]
    first, second = (one.object["id"] for one in uploaded)
    one = await standing.command("sync", first)
    assert one.status == 0
    assert "1 inserted" in one.out
    bad = await standing.command("sync", second, "--json")
    assert (bad.status, bad.objects[-1]["errors_total"]) == (1, 1)
    missing = await standing.command("sync", first, "0" * 32)
    assert (missing.status, f"there is no file {'0' * 8}" in missing.err) == (1, True)
    assert (await standing.command("sync", "--all")).err.endswith("there is nothing to sync\n")
    assert (await standing.command("sync", "--due", "--json")).status == 0
    listed = await standing.command("files", "--domain", "orders", "--state", "ingested")
    assert len(listed.out.splitlines()) == 4
    assert len((await standing.command("files", "--json")).objects) == 4


async def test_queues_and_workers(standing: StandingSite) -> None:
    """Rest, go on, and who serves them."""
    assert (await standing.command("pause", "scheduled")).out == "queue scheduled is paused\n"
    assert "paused" in (await standing.command("queues")).out
    assert (await standing.command("resume", "scheduled", "--json")).object == {"name": "scheduled", "paused": False}
    assert (await standing.command("resume", "scheduled")).out == "queue scheduled goes on\n"
    assert (await standing.command("pause", "data_sync", "--json")).object == {"name": "data_sync", "paused": True}
    await standing.command("resume", "data_sync")
    assert (await standing.command("pause", "nothing", "--json")).status == 3
    names = {queue["name"] for queue in (await standing.command("queues", "--json")).objects}
    assert names == {"data_sync", "data_processing", "scheduled"}

    async def rests() -> bool:
        return "data_sync 0/4" in (await standing.command("workers")).out

    await eventually(rests)  # what a schedule fires may have run when the worker last said how it is
    assert len((await standing.command("workers", "--json")).objects) == 1


async def test_schedules(standing: StandingSite) -> None:
    """When they are due, and out of turn."""
    assert "30 3 29 2 * Europe/Berlin" in (await standing.command("schedules")).out
    assert len((await standing.command("schedules", "--json")).objects) == 2
    assert (await standing.command("run", "nap", "--watch")).out.rstrip().endswith("succeeded: 0.5")
    assert (await standing.command("run", "nap", "--json")).object["task"] == "diag.sleep"
    assert (await standing.command("run", "nap")).out.startswith("job ")


async def test_users_and_quotas(standing: StandingSite) -> None:
    """Passwords are asked for twice, or read from the standard input, and never shown."""
    asked = await standing.command("users", "add", "cli-ann", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert asked.status == 0, asked.err
    assert PASSWORD not in asked.out + asked.err
    bob = (
        await standing.command(
            *("users", "add", "cli-bob", "--role", "premium", "--password-stdin", "--json"), stdin=PASSWORD
        )
    ).object
    assert bob["role"] == "premium"
    assert "cli-ann" in (await standing.command("users")).out
    assert len((await standing.command("users", "--limit", "1", "--json")).objects) == 1
    assert (await standing.command("users", "change", bob["id"])).status == 2
    changed = await standing.command("users", "change", bob["id"], "--role", "normal", "--json")
    assert changed.object["role"] == "normal"
    for option, typed in (("--password", f"{PASSWORD}2\n{PASSWORD}2\n"), ("--password-stdin", f"{PASSWORD}3\n")):
        told = await standing.command("users", "change", bob["id"], option, stdin=typed)
        assert (told.status, PASSWORD in told.out + told.err) == (0, False), told.err
    async with Client(standing.url) as client:
        assert (await client.accounts.login("cli-bob", f"{PASSWORD}3"))["user"]["id"] == bob["id"]
    own = await standing.command("quota", bob["id"], "--running", "3", "--json")
    assert own.object["overrides"] == {"max_running": 3, "max_waiting": None}
    back = await standing.command("quota", bob["id"], "--running", "tier")
    assert "0 of 50" in back.out
    assert "admin" in (await standing.command("quota")).out
    assert (await standing.command("quota", "--running", "3")).status == 2
    assert (await standing.command("quota", bob["id"], "--waiting", "many")).status == 2
    assert "yes" in (await standing.command("users", "change", bob["id"], "--disable")).out


async def test_login_and_keys(standing: StandingSite) -> None:
    """What lets one in is kept for the next commands, in a file that nobody else reads, until one logs out."""
    await standing.command("users", "add", "cli-eve", "--password-stdin", stdin=PASSWORD)
    config = standing.home / ".config/switchyard/config.toml"
    wrong = await standing.command("login", standing.url, "--username", "cli-eve", stdin="wrong\n", key=None)
    assert (wrong.status, config.exists()) == (3, False)
    told = await standing.command("login", standing.url, stdin=f"cli-eve\n{PASSWORD}\n", key=None)
    assert told.status == 0, told.err
    assert config.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in config.read_text(encoding="utf-8") + told.out + told.err
    made = await standing.command("keys", "add", "import", "--days", "7", key=None)
    key = made.out.split()[1]
    listed = (await standing.command("keys", "--json", key=None)).objects
    assert [one["name"] for one in listed] == ["import"]
    assert (await standing.command("logout", key=None)).status == 0
    assert "there is no key for" in (await standing.command("keys", key=None)).err
    by_key = await standing.command("login", "--with-key", "--stdin", "--json", stdin=f"{key}\n", key=None)
    assert by_key.object["username"] == "cli-eve"
    forever = await standing.command("keys", "add", "other", "--forever", "--json", key=None)
    assert forever.object["expires_at"] is None
    assert "never" in (await standing.command("keys", key=None)).out
    revoked = await standing.command("keys", "revoke", forever.object["id"], "--json", key=None)
    assert revoked.object["name"] == "other"
    assert "import" in (await standing.command("keys", "revoke", listed[0]["id"], key=None)).out
    over = await standing.command("logout", "--json", key=None)
    assert over.status == 0, over.err
    assert (await standing.command("logout", key=None)).err == "you are not logged in\n"


async def test_limits(standing: StandingSite) -> None:
    """One's own, all of them, and changed by their names."""
    assert "ip_guard" in (await standing.command("limits")).out
    assert (await standing.command("limits", "own", "--json")).object["tier"] == "admin"
    changed = await standing.command(
        "limits", "set", "anonymous.auth=7/minute", "sync_full=9/hour", "ip_guard=9999/minute"
    )
    assert changed.status == 0, changed.err
    shown = await standing.command("limits", "show")
    assert "7/minute" in shown.out
    limits = (await standing.command("limits", "show", "--json")).object["limits"]
    assert (limits["tiers"]["anonymous"]["auth"], limits["endpoints"]["sync_full"]) == ("7/minute", "9/hour")
    assert "names no limit; there are: admin.default" in (await standing.command("limits", "set", "x=1/minute")).err
    assert (await standing.command("limits", "set", "ip_guard")).status == 2
    assert (await standing.command("limits", "set", "ip_guard=often")).status == 3
    assert (await standing.command("limits", "set", "sync_full=8/hour", "--json")).object["version"] == 2
    assert (await standing.command("limits", "denials")).err == "nobody was denied\n"
    assert (await standing.command("limits", "denials", "--json")).objects == []


async def test_statistics_of_limits(standing: StandingSite) -> None:
    """By route, and forgotten by who says so."""

    async def is_counted() -> bool:
        return "/api/queues" in (await standing.command("limits", "stats")).out

    await standing.command("queues")
    await eventually(is_counted)
    stats = (await standing.command("limits", "stats", "--minutes", "5", "--json")).object
    assert stats["allowed"] >= 1
    unasked = await standing.command("limits", "clear")
    assert (unasked.status, "no terminal to ask on" in unasked.err) == (2, True)
    assert (await standing.command("limits", "clear", "--yes")).out == "what was counted is forgotten\n"
    assert (await standing.command("limits", "clear", "--json", stdin="y\n")).object == {"cleared": True}


async def test_shops_and_versions(standing: StandingSite) -> None:
    """Are entered, changed, and shops deleted, by who says so."""
    made = await standing.command("shops", "add", "shop", "münchen", "--name", "北京", "--json")
    shop = made.object
    assert (shop["shop_id"], shop["name"], shop["enabled"]) == ("münchen", "北京", True)
    changed = await standing.command("shops", "change", shop["id"], "--disable")
    assert changed.out.splitlines()[1].split()[4] == "no"
    assert (await standing.command("shops", "change", shop["id"])).status == 2
    assert "北京" in (await standing.command("shops", "--disabled")).out
    assert (await standing.command("shops", "--enabled")).err == "no shops\n"
    asked = await standing.command("shops", "delete", shop["id"], stdin="n\n")
    assert (asked.status, "nothing was done" in asked.err) == (130, True)
    assert f"Delete the account {shop['id']}? [y/N]" in asked.err
    assert len((await standing.command("shops", "--json")).objects) == 1
    assert (await standing.command("shops", "delete", shop["id"], "--yes")).status == 0
    assert (await standing.command("shops", "delete", shop["id"], "--yes")).status == 3
    version = (await standing.command("versions", "add", "sync_file", "1.2.0", "--notes", "first", "--json")).object
    old = await standing.command("versions", "change", version["id"], "--status", "deprecated", "--notes", "")
    assert old.out.splitlines()[1].split()[1:4] == ["sync_file", "1.2.0", "deprecated"]
    assert (await standing.command("versions", "change", version["id"])).status == 2
    assert (await standing.command("versions", "--status", "active")).err == "no versions\n"
    twice = await standing.command("versions", "add", "sync_file", "1.2.0")
    assert twice.status == 3


async def test_cache_and_audit(standing: StandingSite) -> None:
    """What is cached is cleared by who says so, and who did so is written down."""
    assert "shops" in (await standing.command("cache")).out
    assert {"type", "hits"} <= (await standing.command("cache", "--json")).objects[0].keys()
    assert (await standing.command("cache", "clear", "shops")).status == 2
    assert (await standing.command("cache", "clear", "shops", "--yes")).out == "shops is cleared\n"
    assert (await standing.command("cache", "clear", "shops", "-y", "--json")).object["cleared"]
    assert (await standing.command("cache", "clear", "nothing", "--yes")).status == 3
    told = await standing.command("audit", "--object", "shops", "--after", "2026-01-01")
    assert len([line for line in told.out.splitlines() if "cache.clear" in line]) == 2, told.out + told.err
    entries = (await standing.command("audit", "--object", "shops", "--actor", "admin", "-n", "1", "--json")).objects
    assert [one["object_id"] for one in entries] == ["shops"]
