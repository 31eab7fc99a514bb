"""Takes the pictures of the pages for readers from a running site: `python -m tests.dashboard.take_pictures URL`.

SWITCHYARD_API_KEY is the administrator's. What the site has in it is the caller's: the newest failed job and the file with
the most rows set aside are shown. They go to app/dashboard/pictures, light and dark, in few enough colours to be small.
"""

import asyncio
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import httpx
from PIL import Image
from playwright.async_api import Page

from tests.support.browser import ROOT, running_browser, window_on
from tests.support.people import log_in, new_user

_FOLDER: Final = ROOT / "app/dashboard/pictures"
_SCHEMES: Final[Sequence[tuple[Literal["light", "dark"], str]]] = (("light", ""), ("dark", "-dark"))
_COLOURS: Final = 128


async def _paths(api: httpx.AsyncClient) -> dict[str, str]:
    """Give the pages to show, by the names of their pictures."""
    failed = (await api.get("/api/jobs", params={"state": "failed", "limit": 1})).json()["items"]
    partial = (await api.get("/api/data-sync/files", params={"state": "partial", "limit": 1})).json()["items"]
    return {
        "overview": "/",
        **{"job": f"/jobs/{job['id']}" for job in failed},
        **{"file": f"/files/{file['id']}" for file in partial},
    }


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
    async with running_browser() as browser, window_on(browser, url, session=session) as window:
        for scheme, ending in _SCHEMES:
            await window.page.emulate_media(color_scheme=scheme)
            for picture, path in paths.items():
                await window.page.goto(path)
                if path == "/":
                    await window.page.locator("[data-chart] canvas").first.wait_for()
                await _shoot(window.page, _FOLDER / f"{picture}{ending}.png")


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1], os.environ["SWITCHYARD_API_KEY"]))
