"""Child processes seen from outside: the id that one has left in a file, and whether it is there."""

from pathlib import Path

import psutil

from tests.support.conditions import eventually


async def pid_in(mark: Path) -> int:
    """Wait until a process has written its id into a file; give it."""

    async def written() -> str:
        return _text(mark)

    return int(await eventually(written, within_s=20))


async def is_gone(pid: int, *, within_s: float) -> None:
    """Expect a process to end soon; one that nobody has waited for yet has ended."""

    async def gone() -> bool:
        status = _text(Path(f"/proc/{pid}/stat"))
        return not status or status.rsplit(")", 1)[1].split()[0] == "Z"

    await eventually(gone, within_s=within_s)


def children_of(pid: int) -> set[int]:
    """Give the processes that this one has started and not yet reaped."""
    return {child.pid for child in psutil.Process(pid).children()}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):  # it may go between the opening and the reading
        return ""
