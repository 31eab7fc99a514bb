"""What a child process does around a task: it obeys its bounds, and says what came of the call."""

import pickle
from collections.abc import Callable, Mapping
from typing import Any

from jobs import codec
from jobs.errors import ChildError
from jobs.guard import end_with_parent, give_way, limit_memory


def begin(parent: int, memory_mb: int) -> None:
    """Prepare a child, before its first task."""
    end_with_parent(parent)
    give_way()
    if memory_mb:
        limit_memory(memory_mb << 20)


def call(function: Callable[..., Any], arguments: Mapping[str, Any]) -> bytes:
    """Call a task's function in the child; give its result as JSON.

    Whatever it raises is raised here if it can travel to the parent, else a ChildError that says what it was: an
    exception that cannot be unpickled would break the whole pool.
    """
    try:
        return codec.dumps(function(**arguments))
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
        except Exception:  # noqa: BLE001  pickling runs the exception's own code
            raise ChildError(f"{type(error).__name__}: {error}") from None
        raise
