"""One child process, seen by its parent. It has a pipe of its own, so that its end, at whatever point, is its own."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from typing import Final

from jobs.children import TAKEN, serve
from jobs.errors import ChildError, JobTimeoutError

_START_S: Final = 60.0  # until a call is taken: the process has started, and imported the function's module
_LOOK_S: Final = 0.1  # how late an end, a stop and the end of the time are seen; an answer is seen at once
_KILLED_S: Final = 5.0  # until one that was killed has ended; where children are reaped by somebody else nobody is told
_GRACE_S: Final = 0.25  # from SIGTERM to SIGKILL: a child that ignores the first is dead within a second too


class NotTakenError(Exception):
    """The child has ended, and had not begun the call; the text is how it ended."""


class StoppedError(Exception):
    """The call was to stop, and the child has ended."""


class Child:
    """A process that makes calls, one after another. Its methods block; one thread may use it at a time."""

    def __init__(self, *, memory_mb: int) -> None:
        """Start it. Raises OSError where the machine has no process to give."""
        # Not forked: a fork copies the locks of threads that the child does not have.
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, os.getpid(), memory_mb), name="child")
        try:
            self._process.start()
        finally:
            theirs.close()

    def call(self, request: bytes, *, timeout_s: float, stop: threading.Event, began: Callable[[], object]) -> bytes:
        """Have a pickled call made; give its pickled Answer. Whatever is raised, the child has ended then.

        `began` is called when the child has taken it.

        Raises NotTakenError where the call has not begun, ChildError where the child ended without an answer,
        JobTimeoutError where it was killed `timeout_s` after it had begun, StoppedError once `stop` is set.
        """
        try:
            self._ours.send_bytes(request)
            answer = self._read(_START_S, stop)
        except (EOFError, OSError) as error:  # a TimeoutError too
            raise NotTakenError(self.end()) from error
        if answer != TAKEN:
            return answer
        began()
        return self._outcome(timeout_s, stop)

    def end(self) -> str:
        """End it, if it has not ended; tell by which exit code, negative for a signal."""
        self._process.terminate()
        self._process.join(_GRACE_S)
        self._process.kill()
        until = time.monotonic() + _KILLED_S
        while self._process.exitcode is None and time.monotonic() < until:  # a thread that starts another may reap it
            self._process.join(_LOOK_S)
        self._ours.close()
        code = self._process.exitcode
        return "an exit code that nobody knows" if code is None else f"exit code {code}"

    def _outcome(self, timeout_s: float, stop: threading.Event) -> bytes:
        try:
            return self._read(timeout_s, stop)
        except TimeoutError as error:
            self.end()
            raise JobTimeoutError(f"killed after {timeout_s:g} s") from error
        except (EOFError, OSError) as error:
            raise ChildError(f"the child process ended with {self.end()}") from error

    def _read(self, within_s: float, stop: threading.Event) -> bytes:
        """Give the next message. Raises TimeoutError, EOFError or OSError where there is none, StoppedError."""
        until = time.monotonic() + within_s
        while not self._ours.poll(_LOOK_S):
            if stop.is_set():
                self.end()
                raise StoppedError
            if time.monotonic() > until:
                raise TimeoutError
            # Then somebody whom it has started holds its pipe.
            if not self._process.is_alive() and not self._ours.poll():
                raise EOFError
        return self._ours.recv_bytes()
