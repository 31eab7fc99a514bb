"""How large pictures and workbooks may be to be processed. What happens beyond a limit is the worker's business."""

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLimits:
    """The bounds of one extraction.

    `pictures`: places of pictures in the sheet; a file that has more is refused with LimitExceededError, before one is
    read. `picture_bytes` and `pixels` are of one picture, which is reported and skipped where it has more.
    `drawing_bytes`: of the parts that say where pictures are. `memory_bytes`: address space of the child process
    (RLIMIT_AS); not enforced on macOS, which has no such limit.
    """

    pictures: int = 20_000
    picture_bytes: int = 32 * _MIB
    pixels: int = 60_000_000
    drawing_bytes: int = 64 * _MIB
    memory_bytes: int = 1536 * _MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileLimits:
    """The bounds of one profile. A workbook that has more is profiled as far as they go, and the profile says so.

    `sheets`, `columns` (of one sheet) and `sample_rows` are told at most; of a text `characters`. `bytes`: of the whole
    profile as JSON; sheets beyond it are told without columns and sample. `rows`: of all sheets together; a workbook
    that has more is refused with LimitExceededError. `memory_bytes`: as of pictures.
    """

    sheets: int = 100
    columns: int = 512
    sample_rows: int = 5
    characters: int = 200
    bytes: int = 2 * _MIB
    rows: int = 5_000_000
    memory_bytes: int = 1536 * _MIB
