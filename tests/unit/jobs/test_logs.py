"""What a process writes, by whatever logger. A form is that of a whole process, so each is tested in its own."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z")

_SAY = """
import logging, sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
import structlog
from structlog.testing import capture_logs
from jobs.logs import configure_logs, log_about, log_as
from jobs.origin import Origin

configure_logs(form=sys.argv[1], level="info")
log = structlog.stdlib.get_logger("jobs.somewhere")
log_as(steward="one")
log_about(Origin("a-request"))
log.debug("not_told")
log.info("told", method="POST", name="it", at=datetime(2026, 1, 2, 3, tzinfo=UTC), about=Origin("another"))
with structlog.contextvars.bound_contextvars(bound=1):
    log.bind(shop=7).warning("bound", amount=2**70)
try:
    raise KeyError("gone")
except KeyError:
    log.exception("failed")
log.info("placed", stack_info=True)
log.info("odd \\ud800", lone="\\udc00")
logging.getLogger("somebody.else").warning("said %s", "so")
with capture_logs() as captured:
    log.info("captured", amount=1)
print("captured:", captured)
own = lambda _, method, event: f"own {method} {event['event']}"
structlog.wrap_logger(log.bind()._logger, processors=[own]).info("words")
"""


def _said(form: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", _SAY, form], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def _read(line: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] = json.loads(line)
    assert MOMENT.fullmatch(told["timestamp"]), line
    return {name: value for name, value in told.items() if name != "timestamp"}


def test_a_line_for_machines_says_who_speaks_of_what() -> None:
    """One object a line, those of libraries too; whatever is in it, and whichever way it takes."""
    told, bound, failed, placed, odd, library, captured, own = _said("json")
    here = {"steward": "one", "logger": "jobs.somewhere", "request": "a-request"}
    fields = {"method": "POST", "name": "it", "at": "2026-01-02T03:00:00Z"}
    assert _read(told) == here | fields | {"event": "told", "level": "info", "request": "another"}
    assert list(json.loads(told))[-4:] == ["event", "level", "logger", "timestamp"]
    assert _read(bound) == here | {"event": "bound", "level": "warning", "bound": 1, "shop": 7, "amount": 2**70}
    error = _read(failed)
    assert (error["event"], error["level"]) == ("failed", "error")
    assert error["exception"].startswith("Traceback")
    assert error["exception"].endswith("KeyError: 'gone'")
    assert "in <module>" in _read(placed)["stack"]
    assert _read(odd) == here | {"event": "odd \ud800", "lone": "\udc00", "level": "info"}
    assert _read(library) == here | {"logger": "somebody.else", "event": "said so", "level": "warning"}
    assert captured == "captured: [{'amount': 1, 'event': 'captured', 'log_level': 'info'}]"
    assert own == "own info words"


def test_a_line_for_people_says_the_same() -> None:
    """In columns, with the moment as machines get it, and tracebacks below."""
    lines = _said("console")
    told = next(line for line in lines if "told" in line)
    assert MOMENT.match(told)
    for word in ("[info", "jobs.somewhere", "request=another", "method=POST", "steward=one"):
        assert word in told
    assert any(line.endswith("KeyError: 'gone'") for line in lines)
    assert any(MOMENT.match(line) and "said so" in line and "somebody.else" in line for line in lines)
    assert not any("not_told" in line for line in lines)


_GO_ON = """
import sys, structlog
from jobs.logs import configure_logs

configure_logs(form=sys.argv[1], level="info")
for number in range(3):
    structlog.stdlib.get_logger("jobs.somewhere").info("told", text="\\u65e5\\u672c", number=number)
print("went on", file=sys.stderr)
"""


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_cannot_be_written_stops_nothing(form: str) -> None:
    """A disk that is full, or a reader that has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    with Path("/dev/full").open("wb") as full, os.fdopen(writing, "wb") as unread:
        for stdout in (full, unread):
            command = (sys.executable, "-c", _GO_ON, form)
            done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
            assert "went on" in done.stderr.splitlines()


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_system_that_speaks_no_utf_8_is_told_in_ascii(form: str) -> None:
    """Rather than not at all."""
    command, env = (sys.executable, "-c", _GO_ON, form), {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.count(r"\u65e5\u672c") == 3
