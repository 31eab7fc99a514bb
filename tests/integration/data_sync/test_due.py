"""When a file that could not be loaded is worth another attempt."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from jobs.stores.database import Database
from tests.support.conditions import eventually
from tests.support.files import ORDERS, as_csv, publish, sync, upload
from tests.support.site import end_of

CSV = as_csv([ORDERS, ("A1", "x", 2, "1.50", "2026-03-01 10:00:00")])
_WAITS = """
SELECT FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%component_versions%'
"""
BROKEN = CSV + b'A2,"x,2,1.50,2026-03-01\n'


async def _shown(site: httpx.AsyncClient, file_id: str) -> Any:  # noqa: ANN401  JSON
    return (await site.get(f"/api/data-sync/files/{file_id}")).json()


async def _waits(site: httpx.AsyncClient, file_id: str) -> tuple[str, int, float]:
    """Sync a file; give its state, its tries, and the minutes to its next attempt."""
    await sync(site, file_id)
    shown = await _shown(site, file_id)
    wait = datetime.fromisoformat(shown["next_attempt_at"]) - datetime.now(tz=UTC)
    return shown["state"], shown["tries"], wait / timedelta(minutes=1)


async def test_a_file_without_a_template_waits_longer_each_time(site: httpx.AsyncClient) -> None:
    """15 minutes, then twice as long."""
    file = (await upload(site, CSV)).json()
    assert (file["tries"], file["next_attempt_at"]) == (0, None)
    for tries, minutes in enumerate((15, 30, 60), 1):
        state, tried, waits = await _waits(site, file["id"])
        assert (state, tried) == ("needs_template", tries)
        assert minutes - 1 < waits <= minutes


async def test_a_file_that_cannot_be_read_waits_too_and_a_day_at_most(
    site: httpx.AsyncClient, database: Database
) -> None:
    """However often it has failed."""
    await publish(site)
    file = (await upload(site, BROKEN)).json()
    state, tries, waits = await _waits(site, file["id"])
    assert (state, tries, round(waits)) == ("failed", 1, 15)
    await database.execute("UPDATE files SET tries = 5000")
    assert round((await _waits(site, file["id"]))[2]) == 24 * 60


async def test_what_is_loaded_waits_for_nothing(site: httpx.AsyncClient) -> None:
    """The count begins anew."""
    file = (await upload(site, CSV)).json()
    await sync(site, file["id"])
    await publish(site)
    await sync(site, file["id"])
    shown = await _shown(site, file["id"])
    assert (shown["state"], shown["tries"], shown["next_attempt_at"]) == ("ingested", 0, None)


async def test_a_published_template_makes_the_files_that_it_fits_due(site: httpx.AsyncClient) -> None:
    """Also those of parts of its domain, but none of another platform or of a part with a template of its own."""
    places: Sequence[dict[str, str]] = (
        {},
        {"sub_domain": "eu"},
        {"sub_domain": "own"},
        {"platform": "other"},
        {"granularity": "weekly"},
        {"domain": "products"},
    )
    files = []
    for number, place in enumerate(places):
        content = CSV + f"B{number},x,1,1,2026-03-01\n".encode()
        files.append((await upload(site, content, **place)).json()["id"])
        await sync(site, files[-1])
    await publish(site, sub_domain="own")
    assert [await _is_due(site, file) for file in files] == [False, False, True, False, False, False]
    assert (await _waits(site, files[0]))[:2] == ("needs_template", 2)
    await sync(site, files[2])
    again = await publish(site)
    assert [await _is_due(site, file) for file in files] == [True, True, False, False, False, False]
    before = await _shown(site, files[0])
    await site.post(f"/api/data-sync/templates/{again['id']}/publish")
    assert await _shown(site, files[0]) == before


async def test_a_template_that_is_published_during_a_sync_makes_its_file_due(
    site: httpx.AsyncClient, database: Database
) -> None:
    """The sync goes on by the one that it has begun with, and finds other headers; nobody else would wake the file."""
    await publish(site)
    file = (await upload(site, as_csv([(*ORDERS, "note"), ("A1", "x", 2, "1.50", "2026-03-01", "!")]))).json()["id"]
    async with database.transaction() as connection:
        await connection.execute("LOCK TABLE component_versions IN ACCESS EXCLUSIVE MODE")
        task_id = (await site.post("/api/data-sync/single", json={"file_id": file})).json()["task_id"]
        await eventually(lambda: database.fetch(_WAITS))
        await publish(site, fields=(*ORDERS, "note"))
    await end_of(site, task_id)
    assert (await _shown(site, file))["state"] == "header_changed"
    assert await _is_due(site, file)
    await sync(site, file)
    assert (await _shown(site, file))["state"] == "ingested"


async def _is_due(site: httpx.AsyncClient, file_id: str) -> bool:
    due = (await _shown(site, file_id))["next_attempt_at"]
    return due is not None and datetime.fromisoformat(due) <= datetime.now(tz=UTC)
