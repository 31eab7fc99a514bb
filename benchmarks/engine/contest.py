"""The rounds and the tables: all contestants do the same thing in turn, then the next thing, three rounds of it."""

import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.engine.contestants import CONTESTANTS, YARDSTICK, Contestant
from benchmarks.engine.environments import python_of
from benchmarks.engine.measures import Drained, Enqueued, PickedUp, percentile
from benchmarks.engine.passes import Ring, ring_of
from benchmarks.measure import progress, table

ROUNDS = 3

_PICK_UPS = 70  # of each round; the rounds are put together
_SPEED = (
    *("engine", "enqueue one/s", "batch/s", "drain, 1 process/s", f"x {YARDSTICK}", "2 processes/s"),
    *("pick-up p50 ms", "p99 ms"),
)
_COST = (
    *("engine", "worker CPU s/1,000", f"x {YARDSTICK}", "with 2", "Redis CPU s/1,000", "with 2"),
    *("reads/job", "with 2", "run exactly once"),
)


@dataclass(slots=True)
class Score:
    """All that the rounds have given for one contestant; drains by the number of processes."""

    one_by_one: list[Enqueued] = field(default_factory=list)
    batches: list[Enqueued] = field(default_factory=list)
    drains: dict[int, list[Drained]] = field(default_factory=lambda: defaultdict(list))
    pick_ups: list[PickedUp] = field(default_factory=list)


Scores = dict[str, Score]


def main(_: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share; it changes nothing here
    """Run all contestants in turn, round by round, and print two tables of medians."""
    for name in {contestant.environment for contestant in CONTESTANTS} - {None}:
        python_of(str(name))
    scores = contest(CONTESTANTS, ROUNDS)
    print(f"\n## engine\n\n{shown(scores)}")


def contest(contestants: Sequence[Contestant], rounds: int) -> Scores:
    """Hold so many rounds; each has fresh servers."""
    scores: Scores = {contestant.name: Score() for contestant in contestants}
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder, ExitStack() as stack:
            rings = {
                contestant.name: stack.enter_context(ring_of(contestant, Path(folder) / contestant.script))
                for contestant in contestants
            }
            for name, step in STEPS.items():
                for contestant, ring in rings.items():
                    progress(f"engine: round {number} of {rounds}, {name}, {contestant}")
                    step(ring, scores[contestant])
    return scores


def _enqueue_one_by_one(ring: Ring, score: Score) -> None:
    score.one_by_one.append(ring.enqueue_one_by_one())


def _drain_by_one(ring: Ring, score: Score) -> None:
    score.batches.append(ring.enqueue_batch())
    score.drains[1].append(ring.drain(1))


def _drain_by_two(ring: Ring, score: Score) -> None:
    score.batches.append(ring.enqueue_batch())
    score.drains[2].append(ring.drain(2))


def _pick_up(ring: Ring, score: Score) -> None:
    score.pick_ups.append(ring.pick_up(_PICK_UPS))


STEPS: dict[str, Callable[[Ring, Score], None]] = {
    "enqueue one by one": _enqueue_one_by_one,
    "drain by 1 process": _drain_by_one,
    "drain by 2 processes": _drain_by_two,
    "pick-up": _pick_up,
}


def shown(scores: Scores) -> str:
    """Lay the scores out: how fast, and at what cost."""
    speed = [_speed(name, score, scores[YARDSTICK]) for name, score in scores.items()]
    cost = [_cost(name, score, scores[YARDSTICK]) for name, score in scores.items()]
    return f"{table(_SPEED, speed)}\n\n{table(_COST, cost)}"


def _speed(name: str, score: Score, yardstick: Score) -> tuple[str, ...]:
    drain = _middle(run.per_s for run in score.drains[1])
    waited_ms = [waited for run in score.pick_ups for waited in run.waited_ms]
    return (
        name,
        f"{_middle(run.per_s for run in score.one_by_one):,.0f}",
        f"{_middle(run.per_s for run in score.batches):,.0f}",
        f"{drain:,.0f}",
        f"{drain / _middle(run.per_s for run in yardstick.drains[1]):.2f}",
        f"{_middle(run.per_s for run in score.drains[2]):,.0f}",
        f"{percentile(waited_ms, 0.5):.1f}",
        f"{percentile(waited_ms, 0.99):.1f}",
    )


def _cost(name: str, score: Score, yardstick: Score) -> tuple[str, ...]:
    one, two, single = score.drains[1], score.drains[2], score.pick_ups
    once = sum(run.once for run in (*one, *two)) + sum(len(run.waited_ms) for run in single)
    worker_cpu_s = _middle(run.worker_cpu_s_per_k for run in one)
    return (
        name,
        f"{worker_cpu_s:.3f}",
        f"{worker_cpu_s / _middle(run.worker_cpu_s_per_k for run in yardstick.drains[1]):.2f}",
        f"{_middle(run.worker_cpu_s_per_k for run in two):.3f}",
        f"{_middle(run.redis_cpu_s_per_k for run in one):.3f}",
        f"{_middle(run.redis_cpu_s_per_k for run in two):.3f}",
        f"{_middle(run.reads_per_job for run in one):.2f}",
        f"{_middle(run.reads_per_job for run in two):.2f}",
        f"{once:,} of {sum(run.jobs for run in (*one, *two)) + _PICK_UPS * len(single):,}",
    )


def _middle(values: Iterable[float]) -> float:
    return statistics.median(values)
