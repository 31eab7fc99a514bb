"""Child processes seen from outside: the id that one has left in a file, and whether it is there."""

from pathlib import Path

import psutil

from tests.support.conditions import eventually


async def pid_in(mark: Path) -> int:
    """Wait until a process has written its id into a file; give it."""

    async def written() -> str:
        return _text(mark)

    return int(await eventually(written))


async def is_gone(pid: int, *, within_s: float) -> None:
    """Expect a process to end soon; one that nobody has waited for yet has ended."""

    async def gone() -> bool:
        return not is_running(pid)

    await eventually(gone, within_s=within_s)


def is_running(pid: int) -> bool:
    """Say whether a process has not ended; a zombie has, whether or not somebody waits for it."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def children_of(pid: int) -> set[int]:
    """Give the processes that this one has started and not yet reaped."""
    return {child.pid for child in psutil.Process(pid).children()}


def descendants_of(pid: int) -> set[int]:
    """Give these, and those that they have started."""
    return {child.pid for child in psutil.Process(pid).children(recursive=True)}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
