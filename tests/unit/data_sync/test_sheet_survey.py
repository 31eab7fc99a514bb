"""What a large sheet is, is told by going through its XML once."""

from time import process_time

import pytest

from jobs.tasks.data_sync.reader.sheet_survey import survey

SHEET = (
    b'<sheetData><row r="1"><c r="A1" s="1"/><c r="C1" t="s"><v>0</v></c></row><x:row r="2"><x:c s="1" r="AB2">'
    b'<x:v>1</x:v></x:c></x:row><row r="3"/></sheetData><mergeCells count="2">'
    b'<mergeCell ref="C7:D8"/><x:mergeCell ref="A1:AB2"/>'
)


@pytest.mark.parametrize("size", [7, 40, 10_000])
def test_ranges_and_the_first_column_are_found(size: int) -> None:
    """However the pieces are cut; a cell that has a style only is no content."""
    found = survey(SHEET[at : at + size] for at in range(0, len(SHEET), size))
    assert found.ranges == [((0, 0), (1, 27)), ((6, 2), (7, 3))]
    assert found.left == 2
    assert found.is_large


def test_rows_are_counted() -> None:
    """With or without a name space; what lies across two pieces may be missed."""
    assert survey([SHEET]).rows == 3


@pytest.mark.parametrize("hostile", [b"<c " * 350_000, b"<mergeCell " * 100_000, b'<c r="B1" ' * 100_000])
def test_no_sheet_takes_longer_than_its_length(hostile: bytes) -> None:
    """A megabyte of the worst is gone through in seconds."""
    began = process_time()
    survey([hostile])
    assert process_time() - began < 5
