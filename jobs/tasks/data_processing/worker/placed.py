"""A picture and its place in a sheet, whatever the format says it with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A picture in a sheet: Excel's number of the row that its upper left corner is in, and the part with its bytes.

    `column` is for the order. `row` is None where the picture lies on the sheet and on no cell, `part` where it is
    linked and not in the file.
    """

    row: int | None
    column: int = 0
    part: str | None
