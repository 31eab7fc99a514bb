"""Which pictures a sheet has, whatever the format: the one place that knows how each keeps them."""

from collections.abc import Iterator
from typing import Final

from jobs.tasks.data_processing.worker.drawings import anchored
from jobs.tasks.data_processing.worker.ods_frames import CONTENT, placed_in_ods
from jobs.tasks.data_processing.worker.parts import Parts, id_of
from jobs.tasks.data_processing.worker.placed import Placed
from jobs.tasks.data_processing.worker.rich_values import placed_in_cells
from jobs.tasks.data_sync.model import FileFormat
from jobs.tasks.data_sync.reader.xlsb_records import sheet_relations

_BOOK: Final = "xl/workbook.xml"
_BINARY_BOOK: Final = "xl/workbook.bin"
_RICH_VALUES: Final = "xl/richData/richValueRel.xml"


def placed_on(parts: Parts, file_format: FileFormat, sheet: str) -> Iterator[Placed]:
    """Give the pictures of a sheet: those over its cells, and those that Excel has placed in them."""
    if file_format is FileFormat.ODS:
        yield from placed_in_ods(parts.pieces(CONTENT), sheet)
    elif file_format is FileFormat.XLSB:
        relation = sheet_relations(parts.pieces(_BINARY_BOOK)).get(sheet, "")
        yield from anchored(parts, parts.targets(_BINARY_BOOK).get(relation, ""))
    else:
        part = _sheet_part(parts, sheet)
        yield from anchored(parts, part)
        yield from placed_in_cells(parts, part)


def has_unread(parts: Parts, file_format: FileFormat) -> bool:
    """Say whether Excel has placed pictures in cells of an xlsb, whose binary metadata are not read here."""
    return file_format is FileFormat.XLSB and _RICH_VALUES in parts


def _sheet_part(parts: Parts, sheet: str) -> str:
    targets = parts.targets(_BOOK)
    named = (one for one in parts.tree(_BOOK).iterfind("{*}sheets/{*}sheet") if one.get("name") == sheet)
    return next((targets.get(id_of(one), "") for one in named), "")
