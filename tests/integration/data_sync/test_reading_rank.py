"""The reading process gives way to whoever answers."""

import os
import sys
from pathlib import Path

import pytest

from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.reading import open_reading
from tests.support.conditions import eventually
from tests.support.reading import CSV_HEADERS, GOOD_ROW, csv_file, format_of, layout

_ROWS = 20_000  # more than the pipe and its buffers hold, so that the process waits for us


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_it_gives_way_to_all_others(tmp_path: Path) -> None:
    """To those of its session and, where the system weighs sessions against each other, to those of any."""
    path = csv_file(tmp_path, CSV_HEADERS + GOOD_ROW * _ROWS)
    async with open_reading(path, format_of(path), layout(), ReadLimits(), lambda *_: None) as reading:
        await anext(reading.chunks())
        assert os.getpriority(os.PRIO_PROCESS, reading.pid) == 10 + os.getpriority(os.PRIO_PROCESS, 0)
        rank = Path(f"/proc/{reading.pid}/autogroup")
        if not rank.exists():  # noqa: ASYNC240 - no disk
            return
        assert os.getsid(reading.pid) == reading.pid

        async def is_low() -> bool:
            return rank.read_text(encoding="ascii").endswith(" nice 10\n")  # noqa: ASYNC240

        await eventually(is_low)
