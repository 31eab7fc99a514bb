"""The bounds of a child process: its memory, its rank, and its parent's life. They do not bound its time."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
import threading
from pathlib import Path

_NICE = 10
_SESSION_RANK = Path("/proc/self/autogroup")
_RANK_TRIES = 50
_RANK_AGAIN_S = 0.11
_PR_SET_PDEATHSIG = 1
_LOOK_S = 1.0
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


def give_way() -> None:
    """Take a processor only while nobody who answers wants it: a child has minutes, a request milliseconds.

    A Linux that groups processes by session (`kernel.sched_autogroup_enabled`, as most do) heeds their rank only within
    their session: beside web processes and stores a child would count as much as its whole worker. So it gets a session
    of its own, of as low a rank.
    """
    os.nice(_NICE)
    if _SESSION_RANK.exists():
        with contextlib.suppress(PermissionError):  # it leads a session, or a group, already
            os.setsid()
            if not _has_ranked_session():
                threading.Thread(target=_rank_session, name="rank", daemon=True).start()


def _rank_session() -> None:
    never = threading.Event()
    for _ in range(_RANK_TRIES):
        never.wait(_RANK_AGAIN_S)
        if _has_ranked_session():
            return


def _has_ranked_session() -> bool:
    """Set the rank of this session; False where the system, which takes ten a second from all of a user, wants to wait.

    Where it may not be set at all, as in some containers, the rank of the process has to do.
    """
    try:
        _SESSION_RANK.write_text(str(_NICE), encoding="ascii")
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def end_with_parent(parent: int) -> None:
    """End this process when `parent` is gone: nobody would hear what comes of its work, and it may go on for hours."""
    if sys.platform == "linux":  # also in the middle of code that never lets go of the interpreter
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        never = threading.Event()
        while os.getppid() == parent:
            never.wait(_LOOK_S)
        os._exit(_ORPHANED)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def end_with_lifeline(lifeline: int) -> None:
    """End this process as soon as the pipe with this descriptor closes, whatever it is doing then."""

    def watch() -> None:
        while os.read(lifeline, 1):
            pass
        os._exit(_ORPHANED)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
