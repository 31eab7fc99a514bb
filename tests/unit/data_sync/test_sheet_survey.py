"""What only a whole sheet tells is found while its XML passes by."""

from time import process_time

import pytest

from jobs.tasks.data_sync.reader.sheet_survey import Survey

SHEET = (
    b'<sheetData><row r="1"><c r="A1" s="1"/><c r="B1"></c><c r="B2"><f>1+1</f><v></v></c><c r="D1" t="s"><v>0</v></c>'
    b'</row><x:row r="2"><x:c s="1" r="C2"><x:f>A1</x:f><x:v>1</x:v></x:c></x:row><row r="3"/></sheetData>'
    b'<mergeCells count="2"><mergeCell ref="C7:D8"/><x:mergeCell ref="A1:AB2"/>'
)


def surveyed(sheet: bytes, size: int = 10_000) -> Survey:
    """Let a sheet pass in pieces; none of it is lost."""
    survey = Survey()
    assert b"".join(survey.watch(sheet[at : at + size] for at in range(0, len(sheet), size))) == sheet
    return survey


@pytest.mark.parametrize("size", [7, 40, 10_000])
def test_ranges_and_the_first_column_are_found(size: int) -> None:
    """However the pieces are cut; a cell that has a style only is no content, nor is a formula without a value."""
    survey = surveyed(SHEET, size)
    assert survey.ranges == [((0, 0), (1, 27)), ((6, 2), (7, 3))]
    assert survey.left == 2


def test_a_cell_that_does_not_say_where_it_is_may_be_the_first() -> None:
    """Such a sheet begins with the column A."""
    assert surveyed(b'<row><c r="C1"><v>1</v></c></row><row><c t="n"><v>1</v></c></row>').left == 0


@pytest.mark.parametrize(
    "hostile", [b"<c " * 350_000, b"<mergeCell " * 100_000, b'<c r="B1" ' * 100_000, b'<c r="B1"><f>' * 80_000]
)
def test_no_sheet_takes_longer_than_its_length(hostile: bytes) -> None:
    """A megabyte of the worst is gone through in seconds."""
    began = process_time()
    surveyed(hostile, 1_000_000)
    assert process_time() - began < 5
