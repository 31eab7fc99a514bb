"""Takes the pictures of the pages for readers from a running site: `python -m tests.dashboard.take_pictures URL`.

SWITCHYARD_API_KEY is the administrator's. Shown are the overview, the newest job that failed and the newest
file with rows set aside. The pictures go to app/dashboard/pictures, light and dark, in few enough colours to be small.
"""

import asyncio
import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import httpx
from PIL import Image
from playwright.async_api import Browser, Page

from tests.support.browser import ROOT, running_browser, window_on
from tests.support.people import log_in, new_user

Scheme = Literal["light", "dark"]

_FOLDER: Final = ROOT / "app/dashboard/pictures"
_ENDINGS: Final[Mapping[Scheme, str]] = {"light": "", "dark": "-dark"}
_CHARTED_S: Final = 150  # charts show what has happened since the page was opened
_COLOURS: Final = 128


async def _paths(api: httpx.AsyncClient) -> dict[str, str]:
    """Give the pages to show, by the names of their pictures."""
    (failed,) = (await api.get("/api/jobs", params={"state": "failed", "limit": 1})).json()["items"]
    (partial,) = (await api.get("/api/data-sync/files", params={"state": "partial", "limit": 1})).json()["items"]
    return {"overview": "/", "job": f"/jobs/{failed['id']}", "file": f"/files/{partial['id']}"}


async def _shoot(page: Page, path: Path) -> None:
    image = Image.open(io.BytesIO(await page.screenshot()))
    image.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


async def take(url: str, key: str) -> None:
    """Take each picture twice."""
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}) as api:
        name = f"photographer.{os.getpid()}"
        await new_user(api, name, "admin")
        session = (await log_in(api, name))["token"]
        paths = await _paths(api)
    async with running_browser() as browser:
        await asyncio.gather(*(_all(browser, url, session, scheme, paths) for scheme in _ENDINGS))


async def _all(browser: Browser, url: str, session: str, scheme: Scheme, paths: Mapping[str, str]) -> None:
    async with window_on(browser, url, session=session) as window:
        await window.page.emulate_media(color_scheme=scheme)
        for picture, path in paths.items():
            await window.page.goto(path)
            if path == "/":
                await asyncio.sleep(_CHARTED_S)
            await _shoot(window.page, _FOLDER / f"{picture}{_ENDINGS[scheme]}.png")


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1], os.environ["SWITCHYARD_API_KEY"]))
