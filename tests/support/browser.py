"""A browser that tests look at pages with and click in, and what it complains of. It brings no browser of its own."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

from playwright.async_api import Browser, ConsoleMessage, Page, ViewportSize, async_playwright, expect

from tests.support.programs import program_of

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / ".local" / "screenshots"
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
DESK: Final[ViewportSize] = {"width": 1280, "height": 900}

_AXE = ROOT / "tests" / "dashboard" / "axe" / "axe.min.js"
_RUN_AXE = """
(rules) => axe.run(document, {resultTypes: ["violations"], ...(rules.length ? {runOnly: rules} : {})})
"""
# A browser writes these into its console too, but not from where.
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""
# What axe looks for: in the dark only what depends on colours.
_SCHEMES: Mapping[Literal["light", "dark"], Sequence[str]] = {"light": (), "dark": ("color-contrast",)}
_PATIENCE_MS = 15_000


class Window:
    """A page, and all that the browser has complained of since it was opened."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._take)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    async def shoot(self, name: str) -> Path:
        """Keep how the page looks as a PNG."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        await self.page.screenshot(path=path)
        return path

    async def look(self, name: str) -> list[str]:
        """Give what is wrong with how the page looks, light, dark and on a phone; a picture of it is kept."""
        wrong: list[str] = []
        await self.shoot(name)
        for scheme, rules in _SCHEMES.items():
            await self.page.emulate_media(color_scheme=scheme)
            wrong += [f"{scheme} {barrier}" for barrier in await self.barriers(rules)]
        await self.page.set_viewport_size(PHONE)
        width = await self.page.evaluate("() => document.scrollingElement.scrollWidth")
        await self.page.set_viewport_size(DESK)
        await self.page.emulate_media(color_scheme="light")
        return wrong if width <= PHONE["width"] else [*wrong, f"{self.page.url}: {width} pixels wide on a phone"]

    async def barriers(self, rules: Sequence[str] = ()) -> list[str]:
        """Give what of the page shuts people out: axe's serious and critical findings, by all its rules or by these."""
        if not await self.page.evaluate("() => 'axe' in window"):
            await self.page.evaluate(_AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = await self.page.evaluate(_RUN_AXE, list(rules))
        return [
            f"{self.page.url}: {finding['id']} {json.dumps([node['html'][:200] for node in finding['nodes']])}"
            for finding in found["violations"]
            if finding["impact"] in {"serious", "critical"}
        ]

    def _take(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{self.page.url}: {message.text}")


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """Start Chromium, without a window and without a name server."""
    chromium = program_of("chromium", "chromium", "chromium-browser", "google-chrome")
    expect.set_options(timeout=_PATIENCE_MS)
    async with async_playwright() as playwright:
        arguments = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        browser = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        await browser.close()


@asynccontextmanager
async def window_on(
    browser: Browser, url: str, *, session: str | None = None, scripts: bool = True
) -> AsyncIterator[Window]:
    """Open a window on a site, logged in where there is a session; at its end nothing may have been complained of."""
    context = await browser.new_context(
        base_url=url, viewport=DESK, locale="en-GB", timezone_id="Asia/Shanghai", java_script_enabled=scripts
    )
    context.set_default_timeout(_PATIENCE_MS)
    await context.add_init_script(_TELL_VIOLATIONS)
    if session is not None:
        await context.add_cookies([{"name": "switchyard_session", "value": session, "url": url, "httpOnly": True}])
    window = Window(await context.new_page())
    try:
        yield window
    finally:
        await context.close()
    assert not window.complaints, window.complaints
