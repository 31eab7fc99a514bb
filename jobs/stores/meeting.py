"""What a connection of a worker's asks first: whether this is the server that the content was last seen on.

A Redis that was started again, or has taken over from another, may have forgotten the last that was written. What had
ended since would start once more, if a worker that is quick to connect could claim it before a steward has looked.
"""

from typing import Any

from jobs.stores.mark import HOLD_MS
from jobs.stores.scripts import Script

_MEET = Script("meet")


async def meet(connection: Any) -> None:  # noqa: ANN401  redis-py's, of any kind
    """Log in, and let nothing be claimed for ten seconds, or until a steward says so, where the server is another one.

    Each server is met once. Raises redis-py's errors.
    """
    await connection.on_connect()
    await connection.send_command("EVAL", _MEET.text, 0, HOLD_MS, check_health=False)
    await connection.read_response()
