"""What is printed for people."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from operator import itemgetter

import pytest
from rich.console import Console

from app.cli.output import Columns, Output, brief, moment, plain, shown

ID = "01a21a92edcc7c76ab7c68f8aa982dc4"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_ids_stay_whole(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    """However narrow the terminal is: they are there to be copied."""
    out = Output(as_json=False)
    out.results = Console(width=width, highlight=False)
    columns: Columns[dict[str, str]] = {"ID": lambda row: row["id"], "TASK": lambda row: row["task"]}
    out.rows([{"id": ID, "task": "shop.greet_everybody_in_all_of_our_shops"}], columns, nothing="")
    printed = capsys.readouterr().out
    assert ID in printed
    assert max(len(line) for line in printed.splitlines()) <= width


@pytest.mark.parametrize("width", [16, 30, 45, 60, 80])
def test_nothing_is_cut_off(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a table does not fit each row is a block of lines; one that is too long goes on in the next."""
    out = Output(as_json=False)
    out.results = Console(width=width, highlight=False)
    cells = {
        "ID": ID,
        "STATE": "succeeded",
        "SOURCE": "shop/orders",
        "AT": "2026-11-27",
        "ERROR": "\u65e5\u672c is wrong",
    }
    columns: Columns[dict[str, str]] = {name: itemgetter(name) for name in cells}
    out.rows([cells, cells], columns, nothing="")
    printed = capsys.readouterr().out
    assert max(len(line) for line in printed.splitlines()) <= width
    assert not Counter(2 * "".join("".join(cells.values()).split())) - Counter(printed)
    if width >= 45:
        assert printed.count(ID) == printed.count("succeeded") == 2


def test_times_are_on_the_reader_s_clock() -> None:
    """In a table today's by the hour, others by the day."""
    now = datetime.now(UTC)
    told = now.isoformat()
    assert moment(told) == f"{now.astimezone():%Y-%m-%d %H:%M:%S}"
    assert brief((now - timedelta(days=400)).isoformat()) == f"{(now - timedelta(days=400)).astimezone():%Y-%m-%d}"
    assert moment(None) is brief(None) is None


def test_what_others_have_written_moves_no_cursor() -> None:
    """Nor is it taken for markup."""
    assert plain("a\x1b[2Jb\x07\n\tc\u202e") == "a\ufffd[2Jb\ufffd\n\tc\ufffd"
    assert shown("[red]x[/]").plain == "[red]x[/]"
    assert [shown(value).plain for value in (None, True, False, 0.123456, 3)] == ["-", "yes", "no", "0.123", "3"]
