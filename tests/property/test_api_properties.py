"""Any request that the OpenAPI document allows, and many that it does not: no 5xx, no answer outside the document.

Schemathesis makes them, and runs beside the tests, against a real web process with a worker and both stores.
"""

import asyncio
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from app.openapi.__main__ import PATH
from tests.support.files import ORDERS, as_csv, publish, upload
from tests.support.openapi import operations
from tests.support.processes import ROOT, web_process, worker_process
from tests.support.site import ADMIN_KEY, end_of, submit

_FIXED = 20_261_126
_BUDGET_S = 10  # of making and sending requests
_END_S = 90.0


@pytest.mark.parametrize("seed", [_FIXED, None], ids=["fixed", "random"])
async def test_no_request_leads_outside_the_document(
    environ: Mapping[str, str], tmp_path: Path, seed: int | None
) -> None:
    """Nor to a traceback in the log. The seed is in the message; it makes the same requests again."""
    seed = secrets.randbits(32) if seed is None else seed
    environ = {**environ, "JOBS_SCHEDULES": "tests.support.schedules:SCHEDULES"}
    async with web_process(environ) as (web, client), worker_process(environ, "data_sync:4,data_processing:2"):
        await _things(client)
        status, told = await _schemathesis(str(client.base_url), seed, folder=tmp_path)
        broken = [line for line in web.lines if "request_broke" in line]
    print(f"seed {seed}\n{told}")  # noqa: T201  shown where it fails, and by -rP
    assert status == 0, f"seed {seed}"
    assert broken == []


async def _things(client: httpx.AsyncClient) -> None:
    """Make something of each kind, so that there is something to be found."""
    await submit(client, "diag.noop")
    await end_of(client, (await submit(client, "diag.fail", max_tries=1))["id"])
    await publish(client)
    await upload(client, as_csv([ORDERS]))


async def _schemathesis(url: str, seed: int, *, folder: Path) -> tuple[int | None, str]:
    # What never ends cannot be read to its end.
    endless = [f"--exclude-operation-id={operation.name}" for operation in operations() if operation.is_endless]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(ROOT / "tests/support/schemathesis.toml")),
        *("run", str(PATH), "--url", url, "--header", f"Authorization: Bearer {ADMIN_KEY}"),
        *("--seed", str(seed), "--max-time", str(_BUDGET_S), "--no-color", *endless),
        cwd=folder,  # it leaves notes for its next run
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await asyncio.wait_for(process.communicate(), _END_S)
    return process.returncode, told.decode(errors="replace")
