"""Figures and how they are shown. It measures processes from within and from outside; it starts none."""

import os
import resource
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024 * 1024
_KIB = 1024
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one way to do the work.

    `cpu_s` and `peak_mib` are of the process itself, `child_cpu_s` and `child_peak_mib` of those that it started
    (0 where there are none), `database_cpu_s` of all PostgreSQL processes.
    """

    seconds: float
    cpu_s: float
    child_cpu_s: float
    peak_mib: float
    child_peak_mib: float
    database_cpu_s: float = 0.0


def median(runs: Sequence[Run]) -> Run:
    """Give the median of each figure by itself."""
    names = Run.__dataclass_fields__
    return Run(**{name: statistics.median(getattr(run, name) for run in runs) for name in names})


def own_peak_mib() -> float:
    """Give the most memory that this process has had resident."""
    return peak_mib(os.getpid()) or _maxrss_mib(resource.RUSAGE_SELF)


def peak_mib(pid: int) -> float:
    """Give the most memory that a process has had resident; 0 where /proc does not say, or it is gone.

    getrusage would not do for a child: on Linux its figure begins with what its parent had when it was forked.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(found[0]) * _KIB / _MIB if found else 0.0


def children() -> list[int]:
    """Give the processes that this one's main thread has started and that still run; none where /proc does not say."""
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def child_cpu_s() -> float:
    """Give the CPU seconds of those children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def tree_cpu_s(pid: int) -> float:
    """Give the CPU seconds of a process and of its ended children; 0 where /proc does not say."""
    return sum(_ticks(f"/proc/{pid}/stat")) / _TICKS


def main_thread_cpu_s(pid: int) -> float:
    """Give those of its main thread alone, which is where an event loop runs."""
    return sum(_ticks(f"/proc/{pid}/task/{pid}/stat")[:2]) / _TICKS


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a markdown table; all columns but the first are numbers."""
    lines = [headers, ["---", *["--:"] * (len(headers) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def progress(text: str) -> None:
    """Tell whoever waits what is being done; it does not get into the tables."""
    print(text, file=sys.stderr, flush=True)


def environment_of(urls: Mapping[str, str]) -> dict[str, str]:
    """Give our variables with these on top, and none of a site that may run on this machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("APP_", "JOBS_", "RATELIMIT_"))}
    return {**kept, **urls}


def _ticks(path: str) -> list[int]:
    """Give the ticks of user and system time, and those of ended children."""
    try:
        return [int(field) for field in Path(path).read_text().rpartition(")")[2].split()[11:15]]
    except OSError:
        return []


def _maxrss_mib(who: int) -> float:
    unit = 1 if sys.platform == "darwin" else _KIB
    return resource.getrusage(who).ru_maxrss * unit / _MIB
