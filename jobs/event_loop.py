"""The event loop of a process, which ends with what the process is there for and with nothing else."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog
import uvloop

Value = TypeVar("Value")

log = structlog.stdlib.get_logger(__name__)


def run(main: Coroutine[Any, Any, Value]) -> Value:
    """Run this to its end in a loop of uvloop's, and give what it gives.

    `sys.exit()` in an asyncio task that somebody's code has begun stops a loop, with all that others have in it: that
    is meant for scripts. Here the loop goes on; who awaits that task meets the SystemExit. Ctrl-C ends it as ever.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        working = runner.get_loop().create_task(main, name="main")
        while not working.done():
            try:
                runner.run(_ended(working))
            except SystemExit as left:
                log.error("loop_left", exc_info=left)  # noqa: TRY400  which is no error
        return working.result()


async def _ended(working: "asyncio.Task[Any]") -> None:
    await asyncio.wait([working])
