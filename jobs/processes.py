"""Runs plain functions in child processes, where they block nobody and can be killed."""

import asyncio
import contextlib
import pickle
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, Self, cast

from jobs import codec
from jobs.child import Child, NotTakenError
from jobs.children import Answer
from jobs.errors import ChildError, ChildTraceback

_ENDS_S: Final = 2.0  # until a child that is to stop has ended
_NEW: Final = 3  # children that a call is given to before it is given up


class Processes:
    """Child processes, each with one call at a time. One that dies or is killed takes only its own call with it."""

    def __init__(self, size: int, *, memory_mb: int = 0) -> None:
        """Limit the address space of a child to `memory_mb` MiB, where the platform can (not macOS); 0 is no limit."""
        self._memory_mb = memory_mb
        # A thread waits for each call. All of them stay to the end: Linux takes a child for orphaned, and kills it,
        # when the thread that has started it ends.
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="child")
        self._idle: list[Child] = []
        self._stops: set[threading.Event] = set()

    async def run(
        self,
        function: Callable[..., Any],
        arguments: Mapping[str, Any],
        *,
        timeout_s: float,
        began: Callable[[], object] = lambda: None,
    ) -> Any:  # noqa: ANN401  what the function returns
        """Call the function in a child; its result comes back as JSON has it.

        `began` is called once a child has taken the call: all may be busy for long, and a new one takes its time.
        Raises what it raises, JobTimeoutError when it was killed `timeout_s` after it had begun, ChildError when its
        process ended without a word, its exception cannot leave the child, or no child starts, UnexpectedExitError
        when it left by sys.exit() or the like, StoppedError when all is closed. Cancelling kills the child.
        """
        stop, tell = threading.Event(), partial(asyncio.get_running_loop().call_soon_threadsafe, began)
        request = pickle.dumps(partial(function, **arguments))
        call = partial(Child.call, request=request, timeout_s=timeout_s, stop=stop, began=tell)
        answered = asyncio.wrap_future(threaded := self._threads.submit(self._call, call))
        answered.add_done_callback(_take_note)
        self._stops.add(stop)
        try:
            await asyncio.wait([answered])
        finally:
            stop.set()
            self._stops.discard(stop)
            if not threaded.cancel():  # else nothing has begun; what has is over before anybody runs it again
                await asyncio.wait([answered], timeout=_ENDS_S)
        answer = answered.result()
        if answer.error is not None:
            raise _told(answer.error) from ChildTraceback(answer.traceback)
        return codec.loads_plain(answer.value)

    def _call(self, call: Callable[[Child], bytes]) -> Answer:
        end = ""
        for child in self._children():
            try:
                answer = call(child)
            except NotTakenError as error:
                end = str(error)
                continue
            self._idle.append(child)
            return cast("Answer", pickle.loads(answer))  # noqa: S301  our own child's
        raise ChildError(
            f"child processes end before a call begins, the last with {end};"
            " JOBS_CHILD_MEMORY_MB may be too little for them"
        )

    def _children(self) -> Iterator[Child]:
        """Give all that do nothing, then some new ones: a death in idleness tells nothing of those."""
        with contextlib.suppress(IndexError):
            while True:
                yield self._idle.pop()
        for _ in range(_NEW):
            yield self._new_child()

    def _new_child(self) -> Child:
        try:
            return Child(memory_mb=self._memory_mb)
        except OSError as error:
            raise ChildError(f"no child process can be started: {error}") from error

    def __enter__(self) -> Self:
        """Nothing starts before the first call."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all children."""
        for stop in list(self._stops):
            stop.set()
        self._threads.shutdown(cancel_futures=True)
        for child in self._idle:
            child.end()


def _take_note(answered: "asyncio.Future[Answer]") -> None:
    """Have seen what was raised, also where nobody waits any more."""
    if not answered.cancelled():
        answered.exception()


def _told(error: Exception) -> Exception:
    if isinstance(error, MemoryError):
        return ChildError("the child process ran out of its memory; JOBS_CHILD_MEMORY_MB is the limit")
    return error
