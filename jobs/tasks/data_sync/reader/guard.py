"""The bounds of the reading process: its memory, and its parent's life. It does not bound its time."""

import contextlib
import os
import resource
import sys
import threading

_ORPHANED = 3  # exit status; nobody is there to read it


def limit_memory(limit_bytes: int) -> None:
    """Bound the address space, so that a bomb ends this process and not its machine; and leave no core dump."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "darwin":
        return  # it knows the limit and ignores it
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = limit_bytes if hard == resource.RLIM_INFINITY else min(limit_bytes, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))


def end_with_parent(lifeline: int) -> None:
    """End this process as soon as the pipe with this descriptor closes, whatever it is doing then."""

    def watch() -> None:
        while os.read(lifeline, 1):
            pass
        os._exit(_ORPHANED)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
