"""Clients vanish in the middle of what they send: nothing of it is kept, and nobody else notices."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import orjson
import pytest

from jobs.stores.database import Database
from tests.chaos.exports import export, upload
from tests.support.conditions import eventually
from tests.support.processes import Running, web_process
from tests.support.site import ADMIN_KEY, submit

pytestmark = pytest.mark.usefixtures("stores_stay")

_BOUNDARY = "a-boundary"


def _half(path: str, kind: str, body: bytes) -> bytes:
    """Give a request's head, which promises the whole body, and half of the body."""
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: switchyard.test",
        f"Authorization: Bearer {ADMIN_KEY}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*lines, "", "")).encode() + body[: len(body) // 2]


def _half_an_upload() -> bytes:
    form = {"platform": "retail", "shop_id": "shop-1", "domain": "orders", "granularity": "daily"}
    fields = "".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.items()
    )
    file = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="orders.csv"\r\n\r\n'
    body = fields.encode() + file.encode() + export(40_000) + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return _half("/api/data-sync/files", f"multipart/form-data; boundary={_BOUNDARY}", body)


def _half_a_json() -> bytes:
    body = b'{"task": "diag.noop", "args": {}, "tags": ["sent by somebody who did not stay"]}'
    return _half("/api/jobs", "application/json", body)


async def _send_and_vanish(client: httpx.AsyncClient, half: bytes) -> None:
    """Send what there is and close the connection."""
    _, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(half)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def _open_files(web: Running) -> set[str]:
    """List the files on disk that a process has open, deleted ones too."""
    names = set()
    for link in Path(f"/proc/{web.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed while we looked
            names.add(str(link.readlink()))
    return names


HALVES = pytest.mark.parametrize("half", [_half_an_upload(), _half_a_json()], ids=["upload", "json"])


@HALVES
async def test_half_a_request_leaves_nothing(
    environ: dict[str, str], database: Database, tmp_path: Path, half: bytes
) -> None:
    """No entry, no job, no file on disk, no open file; the next requests are served."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    async with web_process({**environ, "TMPDIR": str(temporary)}) as (web, client):
        await _send_and_vanish(client, half)
        await web.says("request_answered")
        assert await database.fetch("SELECT * FROM files") == []
        assert await database.fetch("SELECT * FROM jobs") == []
        kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
        assert kept + list(temporary.iterdir()) == []

        async def nothing_is_open() -> bool:
            return not any(str(tmp_path) in name for name in _open_files(web))

        if sys.platform == "linux":
            await eventually(nothing_is_open)
        await upload(client, export(10))
        assert (await submit(client, "diag.noop"))["state"] == "queued"


@HALVES
async def test_a_client_that_vanishes_is_no_fault_of_ours(environ: dict[str, str], half: bytes) -> None:
    """The log has no error and no traceback: whoever is called by such a line could do nothing."""
    async with web_process(environ) as (web, client):
        await _send_and_vanish(client, half)
        await web.says("request_answered")
        assert not [line for line in web.lines if orjson.loads(line)["level"] == "error"]
