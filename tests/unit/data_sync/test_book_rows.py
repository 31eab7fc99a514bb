"""Whatever calamine does with a workbook, the file is to blame for it."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from jobs.tasks.data_sync.errors import UnreadableFileError
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import DateRule, FileFormat, Layout
from jobs.tasks.data_sync.reader import book_rows

LAYOUT = Layout(header_row=1, fields=("a",), key_fields=("a",), required_fields=(), date_rule=DateRule(field="a"))


class PanicException(BaseException):
    """What pyo3 raises when Rust panics: no Exception."""


def failing(error: BaseException) -> type:
    """Make a workbook class that raises."""

    class Failing:
        @classmethod
        def from_filelike(cls, _: object) -> None:
            raise error

    return Failing


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Write a workbook that is in order."""
    path = tmp_path / "book.xlsx"
    Workbook().save(path)
    return path


@pytest.mark.parametrize("error", [PanicException("index out of bounds"), RuntimeError("no such thing")])
def test_a_panic_is_an_unreadable_file(monkeypatch: pytest.MonkeyPatch, path: Path, error: BaseException) -> None:
    """A panic is not an Exception, but becomes the refusal that all other errors become."""
    monkeypatch.setattr(book_rows, "CalamineWorkbook", failing(error))
    with pytest.raises(UnreadableFileError, match=str(error)):
        book_rows.open_book(path, FileFormat.XLSX, LAYOUT, ReadLimits())


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt()])
def test_what_is_not_the_files_fault_passes(monkeypatch: pytest.MonkeyPatch, path: Path, error: BaseException) -> None:
    """Too little memory and an interruption are not blamed on the file."""
    monkeypatch.setattr(book_rows, "CalamineWorkbook", failing(error))
    with pytest.raises(type(error)):
        book_rows.open_book(path, FileFormat.XLSX, LAYOUT, ReadLimits())
