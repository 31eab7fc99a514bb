"""POST /api/data-sync/scan: what is put into the inbox is taken in, whole and once; nothing outside of it is read."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs.stores.database import Database
from tests.chaos.outages import stopped
from tests.support.conditions import eventually
from tests.support.files import ORDERS, as_csv, publish, sync, upload
from tests.support.servers import Servers

_WAITS = """
SELECT FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO files%'
"""
_CONTENT = as_csv([ORDERS, ("A1", "x", 1, 1, "2026-03-01")])


@pytest.fixture
def inbox(environ: Mapping[str, str]) -> Path:
    """Give the folder; nobody has made it yet."""
    return Path(environ["JOBS_DATA_DIR"]) / "inbox"


def _put(inbox: Path, place: str, content: bytes = _CONTENT) -> Path:
    path = inbox / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


async def _scan(web: httpx.AsyncClient) -> Any:  # noqa: ANN401  JSON
    answer = await web.post("/api/data-sync/scan")
    assert answer.status_code == 200, answer.text
    return answer.json()


_NOTHING = {"taken": 0, "known": 0, "refused": [], "more": False}


async def test_a_file_is_taken_in_and_can_be_synced(site: httpx.AsyncClient, database: Database, inbox: Path) -> None:
    """Its place says what it is; it leaves the inbox, and a second scan finds nothing."""
    assert await _scan(site) == _NOTHING
    await publish(site)
    path = _put(inbox, "shop/s1/orders/daily/march.csv")
    other = _put(inbox, "shop/s1/orders/daily/returns/march.csv", _CONTENT + b"B1,x,1,1,2026-03-02\r\n")
    assert await _scan(site) == {**_NOTHING, "taken": 2}
    assert not path.exists()
    assert not other.exists()
    rows = await database.fetch("SELECT id::text, name, shop_id, sub_domain, owner FROM files ORDER BY sub_domain")
    told = [(row["name"], row["shop_id"], row["sub_domain"], row["owner"]) for row in rows]
    assert told == [("march.csv", "s1", "", "admin"), ("march.csv", "s1", "returns", "admin")]
    assert (await sync(site, rows[0]["id"]))["rows"]["inserted"] == 1
    assert await _scan(site) == _NOTHING


@pytest.mark.parametrize("is_renamed", [True, False], ids=["renamed", "written over"])
async def test_what_takes_a_file_s_place_meanwhile_is_left_to_the_next_scan(
    web: httpx.AsyncClient, database: Database, inbox: Path, *, is_renamed: bool
) -> None:
    """The export of an hour later has the same name: both are taken in, and none of them twice."""
    place, later = "shop/s1/orders/daily/orders.csv", _CONTENT + b"B1,x,1,1,2026-03-02\r\n"
    path = _put(inbox, place)
    async with database.transaction() as connection:
        await connection.execute("LOCK TABLE files IN ACCESS EXCLUSIVE MODE")
        scan = asyncio.create_task(_scan(web))
        await eventually(lambda: database.fetch(_WAITS))
        if is_renamed:
            _put(inbox, f"{place}.part", later).replace(path)
        else:
            _put(inbox, place, later)
    assert await scan == {**_NOTHING, "taken": 1}
    assert await _scan(web) == {**_NOTHING, "taken": 1}
    assert await _scan(web) == _NOTHING
    sizes = [row["size"] for row in await database.fetch("SELECT size FROM files ORDER BY id")]
    assert sizes == [len(_CONTENT), len(later)]


async def test_known_bytes_are_one_file(web: httpx.AsyncClient, database: Database, inbox: Path) -> None:
    """Uploaded before, or put there twice; also by scans at the same time."""
    await upload(web, _CONTENT)
    for number in range(5):
        _put(inbox, f"shop/s1/orders/daily/{number}.csv")
    found = await asyncio.gather(*(_scan(web) for _ in range(4)))
    assert sum(one["taken"] for one in found) == sum(one["known"] for one in found) >= 5
    assert [one["refused"] for one in found] == [[]] * 4
    assert len(await database.fetch("SELECT FROM files")) == 1
    assert await _scan(web) == _NOTHING


@pytest.mark.parametrize(
    ("place", "content", "reason"),
    [
        ("orders.csv", _CONTENT, "put it under <platform>/<shop_id>"),
        ("a/b/orders/daily/c/d/orders.csv", _CONTENT, "put it under <platform>/<shop_id>"),
        ("shop/s1/sales/daily/orders.csv", _CONTENT, "there is no domain 'sales'; there are: orders"),
        ("shop/s1/orders/hourly/orders.csv", _CONTENT, "there is no granularity 'hourly'; there are: daily"),
        (f"{'x' * 101}/s1/orders/daily/orders.csv", _CONTENT, "may have 100 printable characters"),
        ("shop/s1/orders/daily/orders.csv", b"%PDF-1.7 and so on", "PDF"),
        ("shop/s1/orders/daily/orders.csv", b"", "empty"),
    ],
)
async def test_what_cannot_be_taken_stays_and_is_told(
    web: httpx.AsyncClient, database: Database, inbox: Path, place: str, content: bytes, reason: str
) -> None:
    """By its name alone, and with what to do; the others are taken."""
    bad, good = _put(inbox, place, content), _put(inbox, "shop/s1/orders/daily/z.csv")
    found = await _scan(web)
    assert (found["taken"], [one["name"] for one in found["refused"]]) == (1, ["orders.csv"])
    assert reason in found["refused"][0]["reason"]
    assert str(inbox) not in str(found)
    assert bad.exists()
    assert not good.exists()
    assert len(await database.fetch("SELECT FROM files")) == 1


async def test_links_and_unfinished_files_are_passed(
    web: httpx.AsyncClient, inbox: Path, tmp_path: Path, database: Database
) -> None:
    """A link to a file, to a folder, and what is no file: none of it is read."""
    outside = tmp_path / "outside" / "shop/s1/orders/daily"
    outside.mkdir(parents=True)
    (outside / "secret.csv").write_bytes(_CONTENT)
    folder = inbox / "shop/s1/orders/daily"
    folder.mkdir(parents=True)
    (folder / "link.csv").symlink_to(outside / "secret.csv")
    (inbox / "linked").symlink_to(tmp_path / "outside" / "shop")
    for name in (".hidden.csv", "orders.csv.part", "orders.tmp"):
        _put(inbox, f"shop/s1/orders/daily/{name}")
    os.mkfifo(folder / "pipe.csv")
    found = await _scan(web)
    assert (found["taken"], [one["name"] for one in found["refused"]]) == (0, ["pipe.csv"])
    assert await database.fetch("SELECT FROM files") == []
    assert (outside / "secret.csv").exists()


async def test_two_hundred_at_once(web: httpx.AsyncClient, inbox: Path) -> None:
    """`more` says that there are others."""
    for number in range(201):
        _put(inbox, f"shop/s1/orders/daily/{number:03}.csv", as_csv([ORDERS, (f"A{number}", "x", 1, 1, "2026-03-01")]))
    assert await _scan(web) == {**_NOTHING, "taken": 200, "more": True}
    assert await _scan(web) == {**_NOTHING, "taken": 1}


async def test_without_postgresql_nothing_leaves_the_inbox(
    web: httpx.AsyncClient, servers: Servers, inbox: Path
) -> None:
    """503; the next scan takes it."""
    path = _put(inbox, "shop/s1/orders/daily/orders.csv")
    async with stopped(servers.postgres):
        answer = await web.post("/api/data-sync/scan")
        assert (answer.status_code, answer.json()["type"]) == (503, "unavailable")
    assert path.exists()
    assert (await _scan(web))["taken"] == 1
