"""The connection of a request, of which ASGI knows nothing: who is at its other end, and how it is cut.

One whose client reads nothing would be kept for ever.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Any, cast

from starlette.types import Scope

_NAME = "transport"


def keep_connection(state: MutableMapping[str, Any], transport: asyncio.Transport) -> None:
    """Let a request know its connection, by its state. Where the server does not, nothing is known of it."""
    state[_NAME] = transport


def connection_of(scope: Scope) -> asyncio.Transport | None:
    """Give the connection of a request, where it is known."""
    return cast("asyncio.Transport | None", scope.get("state", {}).get(_NAME))


def cut(scope: Scope) -> bool:
    """Cut the connection of a request where its client has not taken all that was sent; say whether that was so."""
    transport = connection_of(scope)
    if transport is None or not transport.get_write_buffer_size():
        return False
    transport.abort()
    return True
