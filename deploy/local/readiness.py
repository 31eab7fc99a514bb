"""Asks the site whether it is ready; one HTTP request by hand, so that it can be cancelled."""

import asyncio
import contextlib

from deploy.local.port import host_to_ask

_EVERY_S = 0.2
_ANSWER_WITHIN_S = 5.0


async def wait_ready(host: str, port: str) -> None:
    """Return when `GET /readyz` answers 200."""
    while not await _is_ready(host_to_ask(host), int(port)):  # noqa: ASYNC110 - no event comes from elsewhere
        await asyncio.sleep(_EVERY_S)


async def _is_ready(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                status_line = await reader.readline()
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, ValueError):  # TimeoutError is an OSError; ValueError: a line without an end
        return False
    return b" 200 " in status_line
