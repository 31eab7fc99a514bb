"""What rules and dashboards ask of Prometheus is there, when it has looked at a real site."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.conditions import eventually
from tests.support.monitored import scraping
from tests.support.monitoring import prometheus
from tests.support.panels import Asked, queries
from tests.support.processes import web_process, worker_process
from tests.support.rules import rules, selectors
from tests.support.running import ran_now
from tests.support.site import end_of, submit

TOKEN = "a-token-that-only-this-test-has"  # noqa: S105  the test's own
SERIES = {
    *(series for rule in rules() for series in selectors(rule.expr)),
    *(series for query in queries() for series in selectors(query.expr)),
}
_WITHIN_S = 30.0


@pytest.fixture
def environ(environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Give the variables of a site that has its canaries and makes backups."""
    backups = tmp_path / "backups"
    backups.mkdir()
    timetable = "off; canary=* * * * *; backup_database=0 3 * * *; sync_pending_files=0 3 * * *"
    return {**environ, "JOBS_TIMETABLE": timetable, "JOBS_BACKUP_DIR": str(backups), "APP_METRICS_TOKEN": TOKEN}


@pytest.fixture
async def server(environ: dict[str, str], tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Run Prometheus with the shipped rules, on a site with a worker on which a canary and one job have been run."""
    async with (
        web_process(environ) as (_, web),
        worker_process(environ),
        prometheus(tmp_path, scraping(tmp_path, site=web, token=TOKEN)) as client,
    ):
        await ran_now(web, "canary.data_sync")
        await end_of(web, (await submit(web, "diag.noop"))["id"])
        yield client


def test_each_recording_is_asked_for() -> None:
    """By an alert or a dashboard."""
    names = {series.partition("{")[0] for series in SERIES}
    assert {rule.name for rule in rules() if not rule.is_alert} <= names


async def test_all_that_is_asked_for_is_there(server: httpx.AsyncClient) -> None:
    """Each series, with its labels: what is misspelt would be silent for ever. And what the legends of panels name."""
    missing = [*(Asked(where="a rule or a panel", expr=series, legend="") for series in SERIES), *queries()]

    async def none_is_missing() -> bool:
        missing[:] = [asked for asked in missing if not await _is_answered(server, asked)]
        return not missing

    try:
        await eventually(none_is_missing, within_s=_WITHIN_S)
    except AssertionError:
        raise AssertionError(missing) from None


async def _is_answered(server: httpx.AsyncClient, asked: Asked) -> bool:
    answer = await server.get("/api/v1/query", params={"query": asked.expr})
    assert answer.status_code == 200, answer.text
    found = answer.json()["data"]["result"]
    return bool(found) and all(asked.shown <= series["metric"].keys() for series in found)
