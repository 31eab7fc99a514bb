"""What the limiter did since this process began, in numbers that only grow. It shows them to nobody by itself."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ratelimit.bucket import Backend, BucketRequest, Decision

_MOST_POLICIES = 100
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

    `outages` counts by cause how often Redis was given up, `settled_tokens` what was charged in Redis afterwards,
    `unsettled_buckets` those that could not be, because too many were used meanwhile.
    """

    def __init__(self) -> None:
        self._tallies: defaultdict[tuple[Outcome, Backend], dict[str, int]] = defaultdict(dict)
        self.outages: Counter[Cause] = Counter()
        self.settled_tokens = 0
        self.unsettled_buckets = 0

    @property
    def decisions(self) -> dict[Cell, int]:
        """How many buckets were charged, and how many denied: several of one request, where several did."""
        return {
            Cell(policy, outcome, backend): count
            for (outcome, backend), tally in self._tallies.items()
            for policy, count in tally.items()
        }

    def count(self, requests: Sequence[BucketRequest], decision: Decision, *, remembered: bool = False) -> None:
        """Count a decision. Where nobody decided it has no states, and counts for all that was asked for."""
        if decision.admitted:
            outcome = Outcome.ADMITTED
            policies = [state.request.policy for state in decision.states]
        else:
            outcome = Outcome.REMEMBERED if remembered else Outcome.DENIED
            policies = [state.request.policy for state in decision.states if state.wait_us != 0]
        self.add(policies or [request.policy for request in requests], outcome, decision.backend)

    def add(self, policies: Iterable[str], outcome: Outcome, backend: Backend) -> None:
        """Count a bucket of each policy. One that comes when there are a hundred is counted as "other"."""
        tally = self._tallies[outcome, backend]
        for policy in policies:
            name = policy if policy in tally or len(tally) < _MOST_POLICIES else _OTHER
            tally[name] = tally.get(name, 0) + 1
