"""How good the rows of files were."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict


class QualityPart(TypedDict):
    """A part of a score, 0 to 100, None where it cannot be told; `counts` is what it was made from."""

    name: Literal["required", "filled", "unique", "in_range", "volume"]
    score: float | None
    weight: int
    counts: Mapping[str, float]


class Quality(TypedDict):
    """How good the rows were: `score`, 0 to 100, is the mean of the parts that can be told, by weight."""

    rows_read: int
    score: float | None
    parts: Sequence[QualityPart]


class Measured(Quality):
    """A report on a file, and when it was made."""

    measured_at: str
