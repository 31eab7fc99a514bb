"""Plain functions that block, crash and misbehave, for child processes and threads to run."""

import os
import signal
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from threading import Timer

from jobs.registry import Task
from jobs.threads import is_stopping


class FussyError(Exception):
    """One that cannot be unpickled: it wants two arguments and keeps one."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first)
        self.second = second


def burn(seconds: float, mark: str = "") -> int:
    """Keep a core busy; leave the process's id in a file first."""
    if mark:
        Path(mark).write_text(str(os.getpid()), encoding="utf-8")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
    return os.getpid()


def defy(seconds: float, mark: str) -> int:
    """Do the same, and ignore SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return burn(seconds, mark)


def say(what: str) -> str:
    """Give it back."""
    return what


def fuss() -> None:
    """Raise what cannot travel."""
    raise FussyError("told", "kept")


def break_a_pool() -> None:
    """Raise what the pool itself raises, as a function does whose own pool broke."""
    raise BrokenProcessPool("my own")


def leave(status: int) -> None:
    """End the process without a word."""
    os._exit(status)


def leave_an_heir() -> None:
    """End the process without a word, and let another live, which has all that it had open."""
    if os.fork():
        os._exit(5)
    time.sleep(5)
    os._exit(0)


def copy_itself() -> int:
    """Give the process's id; so does a copy of it, which lives as long as it is let."""
    os.fork()
    return os.getpid()


def die_answering(mib: int) -> str:
    """Kill the process when a part of the answer has been given, or soon before."""
    Timer(0.02, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return "x" * (mib << 20)


def tidy(mark: str, tidied: str) -> None:
    """Burn until the end of the process; leave a file when it comes."""
    try:
        burn(120, mark)
    finally:
        Path(tidied).touch()


def die(number: int) -> None:
    """Kill the process."""
    os.kill(os.getpid(), number)


def hoard(mib: int) -> int:
    """Allocate so much."""
    return len(bytearray(mib << 20))


def give_function() -> object:
    """Give what has no JSON form."""
    return burn


def heed(seconds: float) -> str:
    """Work in small steps, as a task in a thread should."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if is_stopping():
            return "stopped"
        time.sleep(0.01)
    return "done"


def ignore(seconds: float) -> str:
    """Sleep, whatever anybody wants."""
    time.sleep(seconds)
    return "done"


TASKS = (
    Task(name="test.burn", function=burn, queue="data_sync"),
    Task(name="test.defy", function=defy, queue="data_sync"),
    Task(name="test.die", function=die, queue="data_sync", max_tries=2),
    Task(name="test.heed", function=heed, queue="data_sync", runs_in="thread"),
    Task(name="test.ignore_alone", function=ignore, queue="data_sync"),
    Task(name="test.say", function=say, queue="data_sync"),
    Task(name="test.ignore", function=ignore, queue="data_sync", runs_in="thread"),
)
