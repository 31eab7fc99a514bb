"""What deploy/README.md says of files, units, settings and numbers is so."""

import os
import re
import runpy
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from app.client import Client
from jobs import keys
from tests.support.conditions import eventually
from tests.support.processes import started, web_process, worker_process
from tests.support.site import ADMIN_KEY, running_web, submit

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PAGE = (DEPLOY / "README.md").read_text(encoding="utf-8")
NGINX = (DEPLOY / "nginx/switchyard.conf").read_text(encoding="utf-8")


def test_its_files_are_there() -> None:
    """Those that a command names from the root of the tree, and those that the text names from here."""
    named = set(re.findall(r"(?<!tests/)deploy/([\w./-]+\w)", PAGE)) | set(
        re.findall(r"`((?:systemd|nginx|redis|postgresql|containers)/[\w./-]*)`", PAGE)
    )
    assert {"redis/users.acl", "systemd/sysusers.conf", "nginx/switchyard.conf"} <= named
    missing = [name for name in named if not (DEPLOY / name).exists() and not list(DEPLOY.glob(f"{name}*"))]
    assert missing == []


def test_its_units_are_there() -> None:
    """Under the names that systemctl is given."""
    named = set(re.findall(r"\bswitchyard-[a-z]+(?:@|\.socket)?", PAGE))
    shipped = {path.name.removesuffix(".service") for path in (DEPLOY / "systemd").iterdir()}
    assert named - {"switchyard-web", "switchyard-worker"} <= shipped, named - shipped


@pytest.mark.parametrize(
    ("zone", "row"),
    [
        ("reads", "reads"),
        ("writes", "everything else"),
        ("syncs", "of it, `/api/data-sync/`"),
        ("logins", "of it, the login"),
    ],
)
def test_its_limits_are_those_of_nginx(zone: str, row: str) -> None:
    """A minute, and at once."""
    (rate,) = re.findall(rf"zone=switchyard_{zone}:\S+ +rate=(\d+)r/m", NGINX)
    (burst,) = re.findall(rf"zone=switchyard_{zone} +burst=(\d+)", NGINX)
    assert f"| {row} | {int(rate):,} | {burst} |" in PAGE


def test_its_arithmetic_is_right() -> None:
    """What a day takes, from what a job costs and a peak of five times the average."""
    rows = re.findall(r"^\| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 4
    for a_day, a_second, at_peak, rest in rows:
        jobs = int(a_day.replace(",", ""))
        rate = jobs / 86_400
        peak = 5 * rate
        assert (a_second, at_peak) == (f"{rate:,.0f}", f"{peak:,.0f}")
        redis, web, worker = (f"{peak * cost_ms / 1000:.2f}" for cost_ms in (0.14, 0.20, 0.05))
        disk = (f"{jobs * kilobytes / 1e6:.0f} GB" for kilobytes in (3.3, 0.8))
        assert rest.split(" | ") == [f"{redis} cores", web, worker, *disk, f"{peak * 3600 / 1e6:.1f} GB"]


def test_the_benchmarks_it_names_are_there() -> None:
    """As headings of their page."""
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\[([a-z]+)\](?!\()", PAGE))
    assert {"engine", "batches"} <= named <= set(re.findall(r"^## (\w+)$", page, re.MULTILINE))


@pytest.fixture
def mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Write the page's example into its file; give it as a module's names, with the queue moved."""
    (code,) = re.findall(r"```python\n# shop_mail\.py\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "shop_mail.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("MOVED", "mail")
    return runpy.run_path(str(tmp_path / "shop_mail.py"))


async def test_a_queue_is_moved(environ: dict[str, str], mail: dict[str, Any]) -> None:
    """By the example as it stands: with the queue's name in MOVED it is a job, without it is what it was."""
    environ = {**environ, "JOBS_TASKS": "shop_mail:TASKS"}
    async with web_process(environ) as (_, admin), Client(str(admin.base_url), ADMIN_KEY) as client:
        await mail["ordered"](client, "A1")
        async with worker_process(environ, "mail:8"):
            (job,) = [job async for job in client.jobs.list(task="shop.receipt")]
            assert await client.jobs.result(job["id"]) == "receipt of A1"
        mail["MOVED"].clear()
        await mail["ordered"](client, "A2")
        assert len([job async for job in client.jobs.list()]) == 1


async def test_a_queue_is_given_to_arq(environ: dict[str, str]) -> None:
    """By the two commands as they stand."""
    release, arq = re.findall(r"^    ((?:python -m jobs release|arq jobs\.stock).*)$", PAGE, re.MULTILINE)
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    async with running_web(environ) as client, Redis.from_url(environ["REDIS_URL"]) as redis:
        job = await submit(client, "diag.noop")
        async with started(shlex.split(release), {**environ, **path}) as command:
            assert await command.ends(within_s=30) == 0, command.lines
        async with started(shlex.split(arq), {**environ, **path}) as worker:
            await worker.says("stock_worker_started")
            await eventually(lambda: redis.exists(keys.result(job["id"])))
