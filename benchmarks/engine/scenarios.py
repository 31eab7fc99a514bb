"""What else goes on in Redis while our own engine drains: each scenario beside the first, which has nothing else."""

from dataclasses import dataclass

from benchmarks.engine.peers.switchyard import JOBS


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One drain of `jobs` no-op jobs by one process.

    `owners`: the jobs belong to so many owners, by turns. `running_elsewhere`: so many more jobs of the same queue are
    held by another worker, which renews their leases and finishes none. `waiting_behind`: so many more jobs of the same
    queue are ready, at a lower priority, so that none of them is due before the last of `jobs` has been claimed.
    `least_share` is the bar: the least acceptable rate, as a share of the first scenario's (None: it has no bar).
    """

    name: str
    jobs: int = JOBS
    owners: int = 1
    running_elsewhere: int = 0
    waiting_behind: int = 0
    least_share: float | None = 0.8


def scenarios(*, waiting: int) -> tuple[Scenario, ...]:
    """List them, with so many jobs waiting in the one that is about that."""
    return (
        Scenario(name="nothing else", least_share=None),
        Scenario(name="10,000 running elsewhere", running_elsewhere=10_000),
        Scenario(name=f"{waiting:,} waiting", waiting_behind=waiting),
        Scenario(name="1,000 owners", owners=1_000),
    )
