"""What lies outside /api."""

from collections.abc import Sequence
from typing import Literal

from typing_extensions import TypedDict


class AliveView(TypedDict):
    """The process is alive."""

    status: Literal["alive"]


class ReadinessView(TypedDict):
    """Whether jobs can be accepted; `degraded` names what is away, or unfit."""

    status: Literal["ready", "draining", "unavailable"]
    degraded: Sequence[str]
