"""What lies outside /api."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict


class Readiness(TypedDict):
    """Whether a site accepts jobs, and what of it does not do what it should."""

    status: Literal["ready", "draining", "unavailable"]
    degraded: Sequence[str]
    canaries: Mapping[str, float | None]
    warnings: Sequence[str]
