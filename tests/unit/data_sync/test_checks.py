"""What is wrong with a row, by its template."""

from datetime import datetime

import pytest

from jobs.tasks.data_sync.checks import Problem, row_check
from jobs.tasks.data_sync.identity import Cell
from jobs.tasks.data_sync.model import DateRule, FieldType, Layout


def problems(cell: Cell, kind: FieldType | None = None, *, required: bool = False) -> list[Problem]:
    """Check a row that holds the cell, and a day that is none."""
    layout = Layout(
        header_row=1,
        fields=("day", "value"),
        key_fields=("value",),
        required_fields=("day", "value") if required else (),
        date_rule=DateRule(field="day"),
        types={} if kind is None else {"value": kind},
    )
    return row_check(layout)(["no day", cell])


@pytest.mark.parametrize("cell", [None, "", " \u3000\t"])
def test_a_required_field_must_hold_something(cell: Cell) -> None:
    """White space is nothing. The day is the date rule's business."""
    assert problems(cell, required=True) == [Problem(field="value", detail="is empty")]
    assert problems(cell) == []


@pytest.mark.parametrize("cell", [0, 0.0, False, "0", "x"])
def test_zero_and_false_are_something(cell: Cell) -> None:
    """A quantity of 0 is one."""
    assert problems(cell, required=True) == []


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        (FieldType.INTEGER, ["0", " -12 ", "+7", "1,234,567", "17850.0", "5.", 3, -3.0, None, " "]),
        (FieldType.NUMBER, ["1.50", "-.5", "1,234.5", "1e5", "2E-3", "7.", 2, 2.5, None, ""]),
        (FieldType.DATE, ["2026-03-01", "20260301", "2026年3月1日", datetime(2026, 3, 1), None, ""]),  # noqa: DTZ001
    ],
)
def test_values_of_a_type_pass(kind: FieldType, cells: list[Cell]) -> None:
    """In each form that exports write them, and also where there is none."""
    assert [cell for cell in cells if problems(cell, kind)] == []


@pytest.mark.parametrize(
    ("kind", "detail", "cells"),
    [
        (FieldType.INTEGER, "is no whole number", ["x", "1.5", "12,34", "1 000", "0x1F", "１２", 2.5, True]),
        (FieldType.NUMBER, "is no number", ["x", "1,5", "nan", "1e999", "1.2.3", "¥5", float("inf"), True]),
        (FieldType.DATE, "is no date; write it as 2027-01-31", ["01/02/2026", "soon", "2026-13-01", 5]),
    ],
)
def test_values_of_another_type_are_told(kind: FieldType, detail: str, cells: list[Cell]) -> None:
    """With the value, so that a person finds it."""
    for cell in cells:
        (found,) = problems(cell, kind)
        assert (found.field, found.detail.endswith(detail)) == ("value", True), cell
    assert problems(cells[0], kind)[0].detail.startswith(f'"{cells[0]}" ')
