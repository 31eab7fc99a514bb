"""What the dashboard's pages load is given out under a path that may be kept, and nothing else is."""

import hashlib
import re
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
VENDORED = {
    "app/dashboard/static/uplot.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "app/dashboard/static/uplot.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "tests/dashboard/axe/axe.min.js": "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c",
}


@pytest.mark.parametrize("name", VENDORED)
def test_what_is_not_ours_is_unchanged(name: str) -> None:
    """As its package has it; the README beside it says where it is from."""
    assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == VENDORED[name]


async def _loaded(web: httpx.AsyncClient, path: str) -> list[str]:
    page = await web.get(path)
    return re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)


async def test_all_that_pages_refer_to_is_there(web: httpx.AsyncClient) -> None:
    """On this server, without login, to be kept for a year: the path changes with the files."""
    paths = {*await _loaded(web, "/"), *await _loaded(web, "/login")}
    del web.headers["Authorization"]
    assert {path.rsplit("/", 1)[1] for path in paths} >= {"page.css", "main.js", "uplot.js", "icon.svg"}
    for path in paths:
        answer = await web.get(path)
        assert answer.status_code == 200, path
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_another_version_is_not_kept(web: httpx.AsyncClient) -> None:
    """While processes are replaced one by one, an old page's path must not keep a new file, or the other way round."""
    answer = await web.get("/static/0123456789abcdef/page.css")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")


async def test_nothing_else_is_given_out(web: httpx.AsyncClient) -> None:
    """The folder's other files are nobody's business."""
    for name in ("nothing.js", "README.md", "uplot.LICENSE", "..%2Fpages.py", "%2e%2e%2fpages.py"):
        answer = await web.get(f"/static/x/{name}")
        assert (answer.status_code, answer.json()["type"]) == (404, "not-found"), name


def test_scripts_and_styles_stand_in_files_of_their_own() -> None:
    """None within a page: the policy would not run it."""
    for path in (ROOT / "app" / "dashboard" / "templates").iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]* src=)", text), path
        assert not re.search(r"https?://", text), path


def test_what_scripts_send_does_nothing_without_them() -> None:
    """A form of any other method would put what was typed into the address, a password too."""
    forms = [
        form
        for path in (ROOT / "app" / "dashboard" / "templates").iterdir()
        for form in re.findall(r"<form[^>]*>", path.read_text(encoding="utf-8"))
    ]
    sent = [form for form in forms if "data-" in form]
    assert len(sent) >= 4
    assert [form for form in sent if 'method="dialog"' not in form] == []
    assert [form for form in forms if 'method="' not in form] == []
