"""Error cells are found in the XML of a sheet."""

from time import process_time

import pytest

from jobs.tasks.data_sync.identity import Cell
from jobs.tasks.data_sync.reader.error_cells import UNCALCULATED, find_errors, has_errors, overlay


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="AB10" t="e"><v>#N/A</v></c>',
        b'<c t="e" r="AB10" s="3"><f>VLOOKUP(1,A:B,2,0)</f><v>#N/A</v></c>',
        b'<x:c r="AB10" s="1" t="e"><x:f/><x:v>#N/A</x:v></x:c>',
    ],
)
def test_an_error_is_found_with_its_place(cell: bytes) -> None:
    """Formulas, styles, name spaces and the order of attributes do not matter."""
    assert find_errors([b'<row r="10">' + cell + b"</row>"]) == {9: {27: "#N/A"}}


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="AB10"><f>C2*D2</f></c>',
        b'<c r="AB10" s="3"><f>C2*D2</f><v></v></c>',
        b'<c s="3" r="AB10" t="n"><f t="shared" si="0"/><v /></c>',
        b'<x:c r="AB10"><x:f>1</x:f><x:v/></x:c>',
    ],
)
def test_a_formula_that_nobody_has_calculated_is_found_too(cell: bytes) -> None:
    """Excel would show its value, and the file has none."""
    xml = b'<row r="10">' + cell + b"</row>"
    assert find_errors([xml]) == {9: {27: UNCALCULATED}}
    assert has_errors(xml)


def test_errors_lie_over_the_cells_of_their_row() -> None:
    """Also beyond the last that has something, as a formula that was not calculated may; but not before the first."""
    cells: list[Cell] = ["A1", None]
    overlay(cells, {1: "#N/A", 3: UNCALCULATED, 0: "#REF!"}, 1)
    assert cells == ["#N/A", None, UNCALCULATED]
    overlay(cells, {900_000_000: "#N/A"}, 1)
    assert len(cells) < 20_000


def test_a_formula_with_a_value_is_no_error() -> None:
    """The empty text is one, which Excel writes so."""
    xml = (
        b'<c r="A1" t="str"><f>IF(1,"","")</f><v></v></c><c r="B1"><f>1+1</f><v>2</v></c><c r="C1"/>'
        b'<c r="D1"><v></v></c><c r="E1" t="b"><f>TRUE()</f><v>1</v></c><c r="F1" t="str"><f>"a"</f><v>a</v></c>'
    )
    assert find_errors([xml]) == {}


def test_other_cells_are_no_errors() -> None:
    """Neither the cell before nor a text that looks like the mark is taken for one."""
    xml = (
        b'<c r="A1" t="str"><v>t="e"</v></c><c r="B1"><v>5</v></c><c r="C1" t="e"></c>'
        b'<c r="D1"><v>6</v></c><c t="e"><v>#REF!</v></c>'
    )
    assert find_errors([xml]) == {}


@pytest.mark.parametrize(
    "hostile",
    [
        b"<c " * 350_000,
        b'<c t="e" r="A1">' * 65_000,
        b'<c t="e" ' + b'r="A1" ' * 150_000,
        b'<c t="e" r="A1"><f>' * 55_000,
        b'<c t="e" r="A1"><f ' + b"a " * 500_000,
        b'<c r="A1"><f>' * 80_000,
        b'<c r="A1"><f/>' * 80_000,
        b'<c r="A1"><f>1</f><v' + b" " * 1_000_000,
    ],
    ids=["open", "empty", "long", "formulas", "formula", "uncalculated", "without ends", "blanks"],
)
def test_no_sheet_makes_the_search_slow(hostile: bytes) -> None:
    """A megabyte made to be searched again and again is searched once: in well under a second."""
    begun = process_time()
    assert find_errors([hostile]) == {}
    assert process_time() - begun < 2


def test_an_error_across_two_pieces_is_found_once() -> None:
    """The pieces that a part is unpacked in may end anywhere."""
    xml = b"<row>" + b" " * 20_000 + b'<c r="A1" t="e"><v>#DIV/0!</v></c>' + b" " * 20_000
    for cut in range(19_990, 20_060):
        assert find_errors([xml[:cut], xml[cut:]]) == {0: {0: "#DIV/0!"}}
