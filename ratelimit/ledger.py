"""What was decided, counted in this process until somebody stores it. Bounded, whoever asks for whatever."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from ratelimit.bucket import Backend, Decision
from ratelimit.policy import Subject

MINUTE_S: Final = 60
KEPT_MINUTES: Final = 60
MOST_KEYS: Final = 10_000
MOST_DENIALS: Final = 100


class Outcome(StrEnum):
    """What became of a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    EXEMPT = "exempt"  # nothing limits it


class RouteCell(NamedTuple):
    """What requests are counted by for statistics. A route is a method and a path's template, never a path."""

    minute: int
    route: str
    outcome: Outcome


class PolicyCell(NamedTuple):
    """What requests are counted by for metrics. All of these are words out of few."""

    policy: str
    tier: str
    outcome: Outcome
    backend: Backend


class Refused(NamedTuple):
    """Whose requests were denied, by which policy, and on which route."""

    key: str
    policy: str
    route: str


@dataclass(slots=True, kw_only=True)
class Page:
    """What was counted since the last page: requests by route, by policy and by key and minute; denials with times."""

    routes: Counter[RouteCell] = field(default_factory=Counter)
    policies: Counter[PolicyCell] = field(default_factory=Counter)
    keys: Counter[tuple[int, str]] = field(default_factory=Counter)
    denials: dict[Refused, tuple[float, int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything to store."""
        return bool(self.routes)


class Ledger:
    """Counts. Keys and denials beyond a bound of each page are counted by route and policy only."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        """Take a clock of seconds since 1970."""
        self._clock = clock
        self._page = Page()

    def note(self, subject: Subject, route: str, decision: Decision) -> None:
        """Count a request that was decided about."""
        now_s, page = self._clock(), self._page
        outcome = Outcome.ALLOWED if decision.admitted else Outcome.DENIED
        binding = decision.binding
        policy = binding.request.policy if binding else "none"
        minute = int(now_s) // MINUTE_S
        page.routes[RouteCell(minute, route, outcome)] += 1
        page.policies[PolicyCell(policy, subject.tier, outcome, decision.backend)] += 1
        key = (minute, subject.key)
        if key in page.keys or len(page.keys) < MOST_KEYS:
            page.keys[key] += 1
        if not decision.admitted:
            self._deny(Refused(binding.request.key if binding else subject.key, policy, route), now_s)

    def exempt(self, route: str) -> None:
        """Count a request that nothing limits."""
        self._page.routes[RouteCell(int(self._clock()) // MINUTE_S, route, Outcome.EXEMPT)] += 1

    def take(self) -> Page:
        """Give what was counted, and begin anew."""
        page, self._page = self._page, Page()
        return page

    def give_back(self, page: Page) -> None:
        """Count what could not be stored together with what comes; what is older than is kept at all is dropped."""
        oldest = int(self._clock()) // MINUTE_S - KEPT_MINUTES
        for cell, count in page.routes.items():
            if cell.minute >= oldest:
                self._page.routes[cell] += count
        self._page.policies.update(page.policies)
        for key, count in page.keys.items():
            if key[0] >= oldest and (key in self._page.keys or len(self._page.keys) < MOST_KEYS):
                self._page.keys[key] += count
        for refused, (at_s, count) in page.denials.items():
            self._deny(refused, at_s, count)

    def _deny(self, refused: Refused, at_s: float, count: int = 1) -> None:
        denials = self._page.denials
        if refused in denials:
            latest_s, before = denials[refused]
            denials[refused] = (max(latest_s, at_s), before + count)
        elif len(denials) < MOST_DENIALS:
            denials[refused] = (at_s, count)
