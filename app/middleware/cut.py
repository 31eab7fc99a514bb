"""Lets a response cut its connection, which ASGI cannot: one whose client reads nothing would be kept for ever."""

import asyncio
from typing import cast

from starlette.types import ASGIApp, Receive, Scope, Send

_NAME = "transport"


class Cuttable:
    """Is to be the outermost: it looks at what the server itself hands over. From all but uvicorn it learns nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its connection in its state."""
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if scope["type"] == "http" and transport is not None:
            scope.setdefault("state", {})[_NAME] = transport
        await self._app(scope, receive, send)


def cut(scope: Scope) -> bool:
    """Cut the connection of a request where its client has not taken all that was sent; say whether that was so."""
    transport = cast("asyncio.Transport | None", scope.get("state", {}).get(_NAME))
    if transport is None or not transport.get_write_buffer_size():
        return False
    transport.abort()
    return True
