"""How large a file may be for the reader to take it on. What happens beyond a limit is the reader's business."""

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """The bounds of one reading; whatever exceeds one is refused with LimitExceededError.

    `rows`: data rows, blank ones not counted. `columns`: header cells. `cell_characters`: characters in one cell
    (32,767 is Excel's own bound). `unpacked_bytes`: sum of the sizes that a zipped workbook declares for its parts; a
    part that is longer than it declares is refused as damaged. `unpacked_ratio`: unpacked bytes to one packed byte, of
    files that unpack to more than 64 MiB (real sheets reach 10 to 100, DEFLATE itself at most 1032). `memory_bytes`:
    address space of the reading process (RLIMIT_AS); not enforced on macOS, which has no such limit. `processor_s`:
    seconds of processor time of the reading process (RLIMIT_CPU); waiting for a slow consumer does not count.

    `whole_sheet_bytes` refuses nothing: an xlsx with a sheet that unpacks to more is cut into slices of a quarter of
    this, parsed one after the other, so that what the reading process takes does not grow with the rows. 8 MiB are some
    20,000 rows of eight cells, and it takes no more for them than for as many slices as there may be.
    """

    rows: int = 2_000_000
    columns: int = 512
    cell_characters: int = 32_767
    unpacked_bytes: int = 2048 * _MIB
    unpacked_ratio: int = 400
    memory_bytes: int = 1536 * _MIB
    processor_s: int = 900
    whole_sheet_bytes: int = 8 * _MIB
