"""The reading process never outlives the one that it reads for."""

import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ORPHANING: Final = """
import asyncio, sys
from pathlib import Path
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import DateRule, FileFormat, Layout
from jobs.tasks.data_sync.reading import open_reading

layout = Layout(
    header_row=1, fields=("no", "name", "day"), key_fields=("no",), required_fields=(), date_rule=DateRule(field="day")
)

async def main():
    async with open_reading(Path(sys.argv[1]), FileFormat.CSV, layout, ReadLimits(), lambda *_: None) as reading:
        await anext(reading.chunks())
        print(reading.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process that is no child, by pidfd")
def test_a_child_does_not_outlive_its_parent(tmp_path: Path) -> None:
    """A parent that is killed takes its child with it, also one that waits on a full pipe."""
    large = tmp_path / "large.csv"
    large.write_text("no,name,day\n" + "A1,cup,2026-03-01\n" * 300_000, encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", ORPHANING, str(large)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        try:
            parent.kill()
            waiting = select.poll()
            waiting.register(child, select.POLLIN)
            assert waiting.poll(10_000), "the child still runs"
        finally:
            os.close(child)
