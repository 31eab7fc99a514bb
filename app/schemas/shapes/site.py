"""What lies outside /api."""

from collections.abc import Mapping, Sequence
from typing import Literal

from typing_extensions import TypedDict


class AliveView(TypedDict):
    """The process is alive."""

    status: Literal["alive"]


class ReadinessView(TypedDict):
    """Whether jobs can be accepted; `degraded` names what is away or does not do what it should.

    That is `postgresql`, `redis`, `redis_unfit` (one that would lose jobs), `rate_limiter` (this process counts by
    itself), `steward` (none has compared the stores lately), and `queue.<name>`: no live worker serves it.

    `canaries`: by queue, how many seconds ago its canary came back, null where none has; empty while PostgreSQL is
    away. `warnings` names the canaries that are overdue: they make nothing unready.
    """

    status: Literal["ready", "draining", "unavailable"]
    degraded: Sequence[str]
    canaries: Mapping[str, float | None]
    warnings: Sequence[str]
