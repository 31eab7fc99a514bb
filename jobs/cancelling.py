"""Ending tasks for sure. It knows nothing of what they do."""

import asyncio
from collections.abc import Iterable
from typing import Any


async def cancel_until_ended(tasks: Iterable[asyncio.Task[Any]], *, again_s: float) -> None:
    """Cancel tasks and wait until all have ended, however they do.

    One cancellation may get lost: before Python 3.12 `asyncio.wait_for`, which redis-py sends with, swallows one
    that comes just as what it waits for is done (bpo-37658). So those still there after `again_s` seconds, enough
    for a task to clean up, are cancelled again. So they are where whoever waits here is cancelled, which is raised once
    they have ended: given up by him, one of them would go on for ever.
    """
    left = {task for task in tasks if not task.done()}
    cancelled: asyncio.CancelledError | None = None
    while left:
        for task in left:
            task.cancel()
        try:
            _, left = await asyncio.wait(left, timeout=again_s)
        except asyncio.CancelledError as error:
            cancelled = error
            left = {task for task in left if not task.done()}
    if cancelled is not None:
        raise cancelled
