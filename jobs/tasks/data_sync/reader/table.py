"""A file opened for reading, the same for every format. It checks nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from jobs.tasks.data_sync.identity import Cell
from jobs.tasks.data_sync.reader.merges import Merges


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Headers, and the rows below them with the numbers that Excel shows.

    `estimate` is how many rows there may be, blank ones among them. `filler` stands where a row is too short.
    """

    headers: Sequence[str]
    rows: Iterator[tuple[int, Sequence[Cell]]]
    estimate: int
    filler: Cell
    sheet: str | None = None
    encoding: str | None = None
    merges: Merges = field(default_factory=Merges)
