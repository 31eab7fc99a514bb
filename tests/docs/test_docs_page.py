"""/docs: a page that is served whole, asks nobody else, and shows every operation in a browser."""

import asyncio
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from tests.support.processes import web_process
from tests.support.programs import program_of

FOLDER = Path(__file__).parents[2] / "app" / "docs"
VENDORED = {
    "swagger-ui-bundle.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
    "swagger-ui.css": "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
}


class _References(HTMLParser):
    """Collects what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"src", "href"} and value is not None]


async def test_the_page_is_served_whole(web: httpx.AsyncClient) -> None:
    """Without login; all that it refers to is there, on this server."""
    del web.headers["Authorization"]
    page = await web.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    references = _References()
    references.feed(page.text)
    loaded = [reference for reference in references.found if reference != "data:,"]
    assert {"docs/swagger-ui-bundle.js", "docs/page.js", "openapi.json"} <= set(loaded)
    for reference in loaded:
        assert not re.match(r"[a-z]*:|//", reference), f"an outside host: {reference}"
        answer = await web.get(f"/{reference}")
        assert answer.status_code == 200, reference
        assert answer.headers["content-type"].partition(";")[0] in {"text/css", "text/javascript", "application/json"}


async def test_a_browser_is_told_to_ask_nobody_else(web: httpx.AsyncClient) -> None:
    """Whatever the scripts or an answer would load: the policy names this server alone."""
    page = await web.get("/docs")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "http" not in page.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["nothing.js", "openapi.json", "..%2Fmain.py", "%2e%2e%2fmain.py", "page.html"])
async def test_nothing_else_is_given_out(web: httpx.AsyncClient, name: str) -> None:
    """The folder's other files are nobody's business under this path."""
    answer = await web.get(f"/docs/{name}")
    assert (answer.status_code, answer.json()["type"]) == (404, "not-found")


async def test_the_document_is_the_committed_one(web: httpx.AsyncClient) -> None:
    """Byte by byte."""
    assert (await web.get("/openapi.json")).content == (FOLDER / "openapi.json").read_bytes()


@pytest.mark.parametrize(
    "asked", ["bytes=0-9", "bytes=9-0", "bytes=x", "bytes=", "lines=0-9", "nothing", "bytes=9999999999-"]
)
async def test_a_range_is_ignored(web: httpx.AsyncClient, asked: str) -> None:
    """Of any form: the answer is whole."""
    for path, name in (("/openapi.json", "openapi.json"), ("/docs", "page.html"), ("/docs/page.css", "page.css")):
        answer = await web.get(path, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, (FOLDER / name).read_bytes())
        assert answer.headers["accept-ranges"] == "none"


@pytest.mark.parametrize("name", VENDORED)
def test_what_is_not_ours_is_unchanged(name: str) -> None:
    """As its package has it; app/docs/README.md says where it is from."""
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == VENDORED[name]


async def test_a_browser_shows_every_operation(environ: dict[str, str], tmp_path: Path) -> None:
    """With no complaint of its policy, and without a name server."""
    chromium = program_of("chromium", "chromium", "chromium-browser", "google-chrome")
    async with web_process(environ) as (_, client):
        browser = await asyncio.create_subprocess_exec(
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
            *("--virtual-time-budget=15000", f"--user-data-dir={tmp_path / 'browser'}", "--dump-dom"),
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"{client.base_url}/docs".replace("//docs", "/docs"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        shown, told = (part.decode(errors="replace") for part in await browser.communicate())
    paths = json.loads((FOLDER / "openapi.json").read_text(encoding="utf-8"))["paths"]
    for path, operations in paths.items():
        assert f'data-path="{path}"' in shown, told
        for operation in operations.values():
            assert operation["summary"] in shown
    assert "Content Security Policy" not in told
    assert "CONSOLE" not in told
