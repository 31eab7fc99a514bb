"""Lines of COPY text hold for any cells, by PostgreSQL's own rules for reading them."""

import re
from datetime import date

import orjson
from hypothesis import given
from hypothesis import strategies as st

from jobs.tasks.data_sync.identity import Cell, key_hash
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import DateRule, Layout
from jobs.tasks.data_sync.reader.copy_text import Lines

_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_INEXACT = 2.0**53  # from here on a float may stand for several whole numbers
_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
cells: st.SearchStrategy[Cell] = st.one_of(
    texts,
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.sampled_from("\\\t\r\nNxu0.\"'b1"), max_size=12),
)


def unescaped(field: bytes) -> bytes:
    """Read a field as PostgreSQL's CopyReadAttributesText does."""

    def one(found: re.Match[bytes]) -> bytes:
        what = found[1]
        if what[:1] == b"x" and len(what) > 1:
            return bytes([int(what[1:], 16)])
        if what.isdigit() and what[:1] < b"8":
            return bytes([int(what, 8) & 0xFF])
        return _LETTERS.get(what, what)

    return _ESCAPE.sub(one, field)


@given(name=texts.filter(bool), values=st.lists(cells, min_size=3, max_size=3), number=st.integers(1, 2_000_000))
def test_a_line_comes_back(name: str, values: list[Cell], number: int) -> None:
    """One line, four fields, and after PostgreSQL's unescaping the row that went in; aside if its key is inexact."""
    fields = (name, name + "1", name + "2", name + "3")
    rule = DateRule(field=fields[3])
    layout = Layout(header_row=1, fields=fields, key_fields=fields[:2], required_fields=(), date_rule=rule)
    row = [*values, "2010-12-01"]
    line = Lines(layout, ReadLimits()).line(number, row)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert b"\r" not in line
    shown = [unescaped(field) for field in line[:-1].split(b"\t")]
    assert shown[0] == str(number).encode()
    if any(isinstance(cell, float) and abs(cell) >= _INEXACT for cell in values[:2]):
        assert line.split(b"\t")[1:3] == [b"\\N", b"\\N"]
        told = orjson.loads(shown[3])
        assert told["row"] == dict(zip(fields, row, strict=True))
        assert {problem["field"] for problem in told["problems"]} <= set(fields[:2])
        return
    assert shown[1] == date(2010, 12, 1).isoformat().encode()
    assert shown[2] == b"\\x" + key_hash(values[:2]).hex().encode()
    assert orjson.loads(shown[3]) == dict(zip(fields, row, strict=True))
    assert b"\\N" not in line.split(b"\t")
