"""`switchyard probe` of real sites, behind nginx and without: what is well, and each thing that is not."""

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from app.cli.settings import KEY, URL
from tests.support.conditions import eventually
from tests.support.nginx import nginx_before
from tests.support.people import new_user
from tests.support.processes import web_process, worker_process
from tests.support.site import ADMIN_KEY
from tests.support.standing import Said, said

TOKEN = "a-token-for-metrics-of-more-than-32-characters"  # noqa: S105
SUBJECTS = ["reachable", "tls", "ready", "key", "limits", "jobs", "metrics", "login", "docs"]
QUEUES = "data_sync:1,data_processing:1,scheduled:1"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site with canaries that are not due by themselves, a token, and limits that count."""
    never = "; ".join(f"canary.{queue}=0 0 29 2 *" for queue in ("data_sync", "data_processing", "scheduled"))
    return {
        **environ,
        "JOBS_TIMETABLE": f"off; {never}",
        "APP_METRICS_TOKEN": TOKEN,
        "RATELIMIT_TIERS": "admin.default=200/minute,anonymous.auth=3/hour",
    }


async def probed(url: str, *options: str, key: str = ADMIN_KEY, token: str = TOKEN, **more: str) -> Said:
    """Run the command on the site at `url`."""
    environ = {URL: url, KEY: key, "APP_METRICS_TOKEN": token, **more}
    return await asyncio.to_thread(said, "probe", *options, environ=environ)


def wrong(told: Said) -> Mapping[str, str]:
    """Give what was found wrong, by subject."""
    assert told.status == (0 if all(one["ok"] for one in told.objects) else 1)
    return {one["subject"]: one["reason"] for one in told.objects if not one["ok"]}


async def lacks_nothing(admin: httpx.AsyncClient) -> None:
    """Wait until a site has a steward, and workers for all queues: they start before they say that they are there."""

    async def is_whole() -> bool:
        return bool((await admin.get("/readyz")).json()["degraded"] == [])

    await eventually(is_whole)


async def test_a_site_that_is_well(environ: Mapping[str, str], tmp_path: Path) -> None:
    """Behind nginx, to an administrator and to a user, with the metrics' token and without."""
    async with (
        web_process(environ) as (_, admin),
        worker_process(environ, QUEUES),
        nginx_before(str(admin.base_url), tmp_path) as nginx,
    ):
        await lacks_nothing(admin)
        url = f"https://127.0.0.1:{nginx.https_port}"
        trusting = {"SSL_CERT_FILE": str(tmp_path / "tls/certificate.pem")}
        told = await probed(url, **trusting)
        assert told.status == 0, told.out
        lines = [line.split(": ", 1) for line in told.out.splitlines()]
        assert [name.split() for name, _ in lines] == [["ok", subject] for subject in SUBJECTS]
        reasons = dict(zip(SUBJECTS, (reason for _, reason in lines), strict=True))
        assert reasons["jobs"].startswith("done in data_sync, data_processing, scheduled within ")
        assert reasons["limits"].endswith(" of 200 requests are left")
        assert reasons["metrics"].endswith(" series")
        by_ann = await probed(url, "--json", token="", key=(await new_user(admin, "ann")).key, **trusting)
        assert wrong(by_ann) == {}
        assert "refused to who has no token" in by_ann.out
        assert "it is limited" in by_ann.out  # the first has nearly used up what one address may try


async def test_a_site_without_the_draft_s_headers_is_well(environ: Mapping[str, str]) -> None:
    """They are a setting's; the limits count all the same."""
    async with web_process({**environ, "RATELIMIT_DRAFT_HEADERS": "false"}) as (_, admin):
        told = await probed(str(admin.base_url), "--json", "--wait", "0.1")
        (limits,) = [one for one in told.objects if one["subject"] == "limits"]
        assert limits["ok"], limits["reason"]
        assert limits["reason"].endswith(" of 200 requests are left")


async def test_what_is_not_well(environ: Mapping[str, str], tmp_path: Path) -> None:
    """No worker, a wrong key, a wrong token, a certificate that ends or is not known, nobody there at all."""
    async with web_process(environ) as (web, admin), nginx_before(str(admin.base_url), tmp_path, days=2) as nginx:
        url = str(admin.base_url)
        found = wrong(await probed(url, "--json", "--wait", "0.1", token="x" * 40))
        assert set(found) == {"ready", "jobs", "metrics"}
        assert "queue.data_sync" in found["ready"]
        assert "data_sync: queued, no_worker" in found["jobs"]
        told = await probed(url, "--json", key="x" * 40)
        assert [one["subject"] for one in told.objects] == [one for one in SUBJECTS if one not in {"limits", "jobs"}]
        assert set(wrong(told)) == {"ready", "key"}, told.out
        secure = f"https://127.0.0.1:{nginx.https_port}"
        ending = await probed(secure, "--json", key="x" * 40, SSL_CERT_FILE=str(tmp_path / "tls/certificate.pem"))
        assert "the certificate ends on" in wrong(ending)["tls"]
        unknown = await probed(secure, "--json")
        assert "certificate" in wrong(unknown)["reachable"]
        web.send(signal.SIGTERM)
        await web.ends(within_s=30)
        told = await probed(url, "--json")
        assert [one["subject"] for one in told.objects] == list(wrong(told)) == ["reachable"]
