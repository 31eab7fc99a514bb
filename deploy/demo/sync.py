"""One file through the site: uploaded, submitted, and its progress on one line until it ends."""

import sys
import time
from pathlib import Path
from typing import Any

from deploy.demo.api import Api
from deploy.demo.template import PLACE

_END_STATES = frozenset({"succeeded", "partial", "failed", "cancelled", "expired"})
_ASKED_EVERY_S = 0.25
_COUNTS = ("read", "inserted", "updated", "unchanged", "quarantined")


def sync_file(api: Api, file: Path) -> bool:
    """Sync the file and print what came of it; whether it got there (some of its rows may be in quarantine)."""
    uploaded = api.upload("/api/data-sync/files", file, shop_id="demo-shop", **PLACE)
    task_id = api.post("/api/data-sync/single", {"file_id": uploaded["id"]})["task_id"]
    line = _ProgressLine(file.name)
    while True:
        progress = api.get(f"/api/data-sync/progress/{task_id}")
        line.show(progress["state"], _describe(progress))
        if progress["state"] in _END_STATES:
            break
        time.sleep(_ASKED_EVERY_S)
    line.close()
    for error in progress.get("errors") or []:
        print(f"  {error}")
    return progress["state"] in {"succeeded", "partial"}


def _describe(progress: dict[str, Any]) -> str:
    rows = progress.get("rows") or {}
    return ", ".join(f"{rows.get(name) or 0} {name}" for name in _COUNTS)


class _ProgressLine:
    """On a terminal one line, written over; elsewhere a line for each new state."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rewritten = sys.stdout.isatty()
        self._shown = ""

    def show(self, state: str, counts: str) -> None:
        text = f"{self._name}: {state}, rows: {counts}"
        if self._rewritten:
            print(f"\r\x1b[K{text}", end="", flush=True)
        elif state != self._shown:
            print(text, flush=True)
        self._shown = state

    def close(self) -> None:
        if self._rewritten:
            print()
