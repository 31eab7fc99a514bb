"""Functions as users of arq write them."""

import asyncio

from arq.worker import Retry

from tests.support.arq_site import Ctx


async def add(_: Ctx, left: int, right: int = 1) -> int:
    """Add."""
    return left + right


async def wait(_: Ctx, seconds: float = 60) -> None:
    """Take a while."""
    await asyncio.sleep(seconds)


async def break_down(_: Ctx) -> None:
    """Fail."""
    raise ValueError("broken")


async def insist(ctx: Ctx, until: int, defer: float | None = None) -> int:
    """Ask for another try until it is that one's turn."""
    if ctx["job_try"] < until:
        raise Retry(defer=defer)
    return int(ctx["job_try"])
