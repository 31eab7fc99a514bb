"""Two things at the same time, of which neither goes on without the other."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

First = TypeVar("First")
Second = TypeVar("Second")


async def side_by_side(one: Coroutine[Any, Any, First], other: Coroutine[Any, Any, Second]) -> tuple[First, Second]:
    """Do both at the same time. Where one fails, the other is broken off, and the error is raised by itself."""
    first, second = asyncio.create_task(one), asyncio.create_task(other)
    try:
        ended, _ = await asyncio.wait((first, second), return_when=asyncio.FIRST_EXCEPTION)
        for task in ended:
            if (error := task.exception()) is not None:
                raise error
        return first.result(), second.result()
    finally:
        first.cancel()
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
