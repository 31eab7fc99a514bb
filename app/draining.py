"""Hears that the process is to stop as early as the server does, so that long requests end and it can."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def on_stop_signal(call: Callable[[], None]) -> Iterator[None]:
    """Call `call` at SIGTERM or SIGINT, and then whatever handler was there before.

    The lifespan's own end comes too late for this: the server waits for open requests first. Must be entered in
    the main thread, as servers that handle signals run their loop there.
    """
    former: dict[int, Any] = {}  # what the signal module gives back has no better type

    def heard(number: int, frame: FrameType | None) -> None:
        call()
        before = former[number]
        if callable(before):
            before(number, frame)

    for number in _SIGNALS:
        former[number] = signal.signal(number, heard)
    try:
        yield
    finally:
        for heard_number, before in former.items():
            signal.signal(heard_number, before)
