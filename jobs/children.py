"""What a child process does: it obeys its bounds, makes the calls that it is given, and says what came of each."""

import contextlib
import os
import pickle
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, Final

from jobs import codec
from jobs.errors import ChildError, UnexpectedExitError
from jobs.guard import end_with_parent, give_way, limit_memory

TAKEN: Final = b"taken"  # said before a call begins; what came of it follows


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: its result as JSON, or what it raised, with the traceback that does not travel by itself."""

    value: bytes = b""
    error: Exception | None = None
    traceback: str = ""


class _TerminatedError(BaseException):
    """SIGTERM: the function's `finally` clauses run, as far as they get."""


def serve(pipe: Connection, parent: int, memory_mb: int) -> None:
    """Make calls, one after another, until the parent hangs up or wants this process to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a terminal goes to all; the parent decides
    signal.signal(signal.SIGTERM, _terminate)
    end_with_parent(parent)
    give_way()
    if memory_mb:
        limit_memory(memory_mb << 20)
    with contextlib.suppress(_TerminatedError, EOFError, OSError):
        while True:
            _answer(pipe, pipe.recv_bytes(), memory_mb)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise _TerminatedError


def _answer(pipe: Connection, request: bytes, memory_mb: int) -> None:
    try:
        call = pickle.loads(request)  # noqa: S301  our parent's; imports the module of the function
    except Exception as error:  # noqa: BLE001  whatever that module raises
        told = f"a child process cannot import what it is to call: {type(error).__name__}: {error}"
        hint = "; JOBS_CHILD_MEMORY_MB may be too little for it" if memory_mb else ""
        pipe.send_bytes(_failed(ChildError(told + hint).with_traceback(error.__traceback__)))
    else:
        pipe.send_bytes(TAKEN)
        own, answer = os.getpid(), _made(call)
        # A copy that the function has forked: its word would pass for the answer to the next call.
        if os.getpid() != own:
            os._exit(0)
        pipe.send_bytes(answer)


def _made(call: Callable[[], Any]) -> bytes:
    try:
        return pickle.dumps(Answer(codec.dumps(call())))
    except _TerminatedError:
        raise
    except Exception as error:  # noqa: BLE001  it is raised where the task is awaited
        return _failed(error)
    except BaseException as error:  # noqa: BLE001  it would end the process that awaits the task
        return _failed(UnexpectedExitError.of(error))


def _failed(error: Exception) -> bytes:
    """Say what was raised; an error that cannot travel to the parent is a ChildError that says what it was."""
    told = "".join(traceback.format_exception(error))
    try:
        answer = pickle.dumps(Answer(error=error, traceback=told))
        pickle.loads(answer)  # noqa: S301  our own bytes
    except Exception:  # noqa: BLE001  pickling runs the error's own code
        return pickle.dumps(Answer(error=ChildError(f"{type(error).__name__}: {error}"), traceback=told))
    return answer
