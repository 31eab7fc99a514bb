"""Limits: what became of requests by policy, and whether the process that answers decides without Redis."""

from collections.abc import Iterator, Mapping

from prometheus_client.metrics_core import Metric

from app.metrics import families
from ratelimit.bucket import Backend
from ratelimit.ledger import Outcome, PolicyCell
from ratelimit.policy import IP_GUARD, Category, Tier

# What is most probable to be counted is there from the start.
_EXPECTED = [
    PolicyCell(policy, tier, outcome, Backend.REDIS)
    for policy in (*Category, IP_GUARD)
    for tier in Tier
    for outcome in (Outcome.ALLOWED, Outcome.DENIED)
]


def limiter_families(*, is_away: bool) -> Iterator[Metric]:
    """Give what the process itself knows."""
    yield families.gauge(
        "switchyard_rate_limit_redis_away",
        "Whether the process that answers decides about limits without Redis.",
        int(is_away),
    )


def decisions_families(counted: Mapping[PolicyCell, int]) -> Iterator[Metric]:
    """Give what all processes have counted."""
    cells = {**dict.fromkeys(_EXPECTED, 0), **counted}
    yield families.counters(
        "switchyard_rate_limit_requests_total",
        "Requests by what became of them, and by the policy that denied them or had least left.",
        ("policy", "tier", "outcome", "backend"),
        [((cell.policy, cell.tier, cell.outcome, cell.backend), count) for cell, count in cells.items()],
    )
