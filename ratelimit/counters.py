"""What the limiter did since this process began, in numbers that only grow. It shows them to nobody by itself."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ratelimit.bucket import Backend, BucketRequest, Decision

_MOST_CELLS = 1000
_OTHER = "other"


class Outcome(StrEnum):
    """What became of a question to one bucket."""

    ADMITTED = "admitted"
    DENIED = "denied"
    REMEMBERED = "remembered"  # denied without a question: it had just been denied


class Cause(StrEnum):
    """Why Redis is asked no more."""

    TIMEOUT = "timeout"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Cell:
    """What decisions are counted by. The policy is a word out of few, never whose bucket it is."""

    policy: str
    outcome: Outcome
    backend: Backend


class Counters:
    """The numbers of one process.

    `decisions` counts buckets, not requests: each bucket that was charged, and each that denied. `outages` counts by
    cause how often Redis was given up, `settled_tokens` what was charged in Redis afterwards, `unsettled_buckets` those
    that could not be, because too many were used meanwhile.
    """

    def __init__(self) -> None:
        self.decisions: Counter[Cell] = Counter()
        self.outages: Counter[Cause] = Counter()
        self.settled_tokens = 0
        self.unsettled_buckets = 0

    def count(self, requests: Sequence[BucketRequest], decision: Decision, *, remembered: bool = False) -> None:
        """Count a decision. Where nobody decided it has no states, and counts for all that was asked for."""
        if decision.admitted:
            outcome = Outcome.ADMITTED
            policies = [state.request.policy for state in decision.states]
        else:
            outcome = Outcome.REMEMBERED if remembered else Outcome.DENIED
            policies = [state.request.policy for state in decision.states if state.wait_us != 0]
        for policy in policies or [request.policy for request in requests]:
            self.add(policy, outcome, decision.backend)

    def add(self, policy: str, outcome: Outcome, backend: Backend) -> None:
        """Count one bucket. A policy that comes when there are a thousand cells is counted as "other"."""
        cell = Cell(policy, outcome, backend)
        if cell not in self.decisions and len(self.decisions) >= _MOST_CELLS:
            cell = Cell(_OTHER, outcome, backend)
        self.decisions[cell] += 1
