"""What calamine's Python side does not tell of a sheet, found in the file itself. No rows here."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from jobs.tasks.data_sync.reader.error_cells import ErrorCells
from jobs.tasks.data_sync.reader.merges import Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """The error cells of one sheet and its merged ranges; of an xls or xlsx calamine knows the ranges itself."""

    errors: ErrorCells = field(default_factory=dict)
    ranges: Sequence[Range] = ()
