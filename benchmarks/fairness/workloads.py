"""Who submits what, and when: invented, the same for the same seed. Times are milliseconds of simulated time."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from benchmarks.fairness.simulation import Job, Workload

FLOODER = 0
STEADY = 1
OTHERS = range(1, 51)
BATCH = 1_000
IN_LINE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """One owner submits `jobs` at the start; 50 others submit single jobs until these have drained.

    The others' jobs come at random moments (a Poisson process), each from any of the 50, and fill `load` of the slots.
    Run times are `mean_ms`, or with `varied` exponential around it: most are short, a few are long.
    """

    mean_ms: int
    load: float = 0.4
    jobs: int = 10_000
    slots: int = 10
    varied: bool = False
    seed: int = 1

    def without(self) -> Workload:
        """Give the others alone."""
        return Workload(jobs=list(self._others()), slots=self.slots)

    def workload(self) -> Workload:
        """Give the flood and the others, who submit the same at the same moments as without it."""
        random = Random(f"flood {self.mean_ms} {self.seed}")  # noqa: S311  no secret
        flood = [Job(0, FLOODER, self._run_ms(random)) for _ in range(self.jobs)]
        return Workload(jobs=[*flood, *self._others()], slots=self.slots)

    def _others(self) -> Iterator[Job]:
        random = Random(f"others {self.mean_ms} {self.seed}")  # noqa: S311  no secret
        per_ms = self.load * self.slots / self.mean_ms
        drained_ms = self.jobs * self.mean_ms / self.slots / (1 - self.load)
        at_ms = random.expovariate(per_ms)
        while at_ms < drained_ms:
            yield Job(int(at_ms), random.choice(OTHERS), self._run_ms(random))
            at_ms += random.expovariate(per_ms)

    def _run_ms(self, random: Random) -> int:
        return max(1, round(random.expovariate(1 / self.mean_ms))) if self.varied else self.mean_ms


def batch_beside_steady(*, run_ms: int, limit_ms: int) -> Workload:
    """Let one owner submit 1,000 jobs at once, beside one who has always 20 in line and was there first."""
    steady = [Job(0, STEADY, run_ms)] * IN_LINE
    return Workload(
        jobs=[*steady, *[Job(0, FLOODER, run_ms)] * BATCH], refilling=frozenset({STEADY}), limit_ms=limit_ms
    )
