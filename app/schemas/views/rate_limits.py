"""What the API shows of rate limits: plain mappings of the shapes beside it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from app.live_limits import InForce
from app.schemas.shapes.rate_limits import (
    AllLimitsView,
    AnomalyView,
    BucketView,
    DenialView,
    LimitsView,
    OwnLimitsView,
    RouteCountView,
    StatisticsView,
)
from app.stores.rate_statistics import Denial, RouteCount
from ratelimit.anomalies import Anomaly
from ratelimit.bucket import BucketState
from ratelimit.ledger import MINUTE_S, Outcome
from ratelimit.notation import spell
from ratelimit.policy import Subject


def limits_view(in_force: InForce) -> LimitsView:
    """Show the limits in force."""
    return {
        "version": in_force.version,
        "changed_at": in_force.changed_at,
        "changed_by": in_force.changed_by,
        "limits": cast("AllLimitsView", in_force.document.model_dump()),
    }


def own_limits_view(subject: Subject, states: Sequence[BucketState]) -> OwnLimitsView:
    """Show somebody how he stands."""
    return {
        "tier": subject.tier,
        "rate_limit_key": subject.key,
        "buckets": [_bucket_view(state) for state in states],
    }


def statistics_view(counts: Sequence[RouteCount]) -> StatisticsView:
    """Show what was asked for."""
    totals = {outcome: sum(count.counts[outcome] for count in counts) for outcome in Outcome}
    return {
        "allowed": totals[Outcome.ALLOWED],
        "denied": totals[Outcome.DENIED],
        "exempt": totals[Outcome.EXEMPT],
        "items": [_route_view(count) for count in counts],
        "next_cursor": None,
    }


def denial_view(denial: Denial) -> DenialView:
    """Show a denial."""
    return {
        "at": denial.at,
        "rate_limit_key": denial.key,
        "policy": denial.policy,
        "route": denial.route,
        "count": denial.count,
    }


def anomaly_view(anomaly: Anomaly) -> AnomalyView:
    """Show an anomaly."""
    return {"rate_limit_key": anomaly.key, "per_minute": anomaly.per_minute, "baseline": anomaly.baseline}


def _bucket_view(state: BucketState) -> BucketView:
    return {
        "policy": state.request.policy,
        "rate": spell(state.request.limit),
        "limit": state.request.limit.burst,
        "remaining": state.remaining,
        "reset": state.full_at_s,
    }


def _route_view(count: RouteCount) -> RouteCountView:
    return {
        "minute": datetime.fromtimestamp(count.minute * MINUTE_S, UTC),
        "route": count.route,
        "allowed": count.counts[Outcome.ALLOWED],
        "denied": count.counts[Outcome.DENIED],
        "exempt": count.counts[Outcome.EXEMPT],
    }
