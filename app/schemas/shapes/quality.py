"""Quality reports."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from typing_extensions import TypedDict


class QualityPartView(TypedDict):
    """A part of a score, 0 to 100, null where it cannot be told; `counts` is what it was made from.

    `required`: required fields filled, values of their type, days read; `filled`: cells that hold something; `unique`:
    rows whose key does not repeat; `in_range`: values within their ranges and the file's days; `volume`: rows against
    the median of the same source's last files.
    """

    name: Literal["required", "filled", "unique", "in_range", "volume"]
    score: float | None
    weight: int
    counts: Mapping[str, float]


class QualityView(TypedDict):
    """How good the rows were: `score`, 0 to 100, is the mean of the parts that can be told, by weight."""

    rows_read: int
    score: float | None
    parts: Sequence[QualityPartView]


class MeasuredView(QualityView):
    """A report, and when it was made."""

    measured_at: datetime
