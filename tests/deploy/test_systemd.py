"""The units of deploy/systemd, as systemd's own tools read them, and beside the Procfile."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.procfile import read_procfile
from jobs.settings import JobsSettings
from tests.support.programs import program_of
from tests.support.units import FOLDER, ROOT, SERVICES, command_of, directives, laid_out

MOST_EXPOSED = 2.0  # of 10, as systemd-analyze counts
CLEAN_UP_S = 10.0  # what a job has that is told to end
LONGEST_HANG_S = 90  # of a worker's loop, for which its leases are renewed


def test_all_units_are_what_systemd_takes(tmp_path: Path) -> None:
    """It complains of nothing; that a key is unknown it only says, with status 0."""
    analyze = program_of("systemd", "systemd-analyze")
    units = laid_out(tmp_path)
    names = sorted(str(path) for path in units.iterdir() if path.suffix in {".service", ".socket", ".target"})
    assert len(names) == len(SERVICES) + 2
    done = subprocess.run([analyze, "verify", *names], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_do_little(service: str, tmp_path: Path) -> None:
    """By systemd's own count."""
    analyze = program_of("systemd", "systemd-analyze")
    command = [analyze, "security", "--offline=true", "--no-pager", str(laid_out(tmp_path) / f"{service}.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout
    assert float(found[1]) <= MOST_EXPOSED
    assert directives(f"{service}.service")["User"] == ["switchyard"]


def test_the_account_is_one_that_sysusers_makes(tmp_path: Path) -> None:
    """Into a root that has none yet."""
    sysusers = program_of("systemd", "systemd-sysusers")
    (tmp_path / "etc").mkdir()
    command = [sysusers, f"--root={tmp_path}", str(FOLDER / "sysusers.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "switchyard:" in (tmp_path / "etc/passwd").read_text(encoding="utf-8")


def test_units_and_procfile_start_the_same() -> None:
    """But that a unit's web process is given its socket, and that a unit has a worker's defaults beside its command."""
    lines = read_procfile(ROOT / "Procfile")
    of_platform = {name: shlex.split(line) for name, line in lines.items()}
    python = sys.executable
    assert command_of("switchyard-steward") == [python, *of_platform["steward"][1:]]
    assert command_of("switchyard-migrate") == [python, *of_platform["release"][1:]]
    worker = " ".join(command_of("switchyard-worker@")[1:])
    (queues,) = re.findall(r"QUEUES=(\S+)", directives("switchyard-worker@.service")["Environment"][0])
    worker = worker.replace("${QUEUES}", f"${{QUEUES:-{queues}}}").replace("$WORKER_OPTIONS", "${WORKER_OPTIONS:-}")
    assert worker == " ".join(of_platform["worker"][1:])
    platform = " ".join(of_platform["web"][1:])
    own = " ".join(command_of("switchyard-web@")[1:])
    assert own.replace("--fd 3 --workers 1", "--host ${HOST:-0.0.0.0} --port ${PORT:-8000}") == platform


def test_nobody_is_killed_who_ends_in_time() -> None:
    """A stop waits for the drain, and the watchdog for a loop that jobs may hold up."""
    seconds = {
        (service, name): float(directives(f"{service}.service")[name][0])
        for service in SERVICES[1:]
        for name in ("TimeoutStopSec", "WatchdogSec")
    }
    drain_s = JobsSettings.model_fields["drain_s"].default
    assert seconds["switchyard-worker@", "TimeoutStopSec"] > drain_s + CLEAN_UP_S
    web = command_of("switchyard-web@")
    assert seconds["switchyard-web@", "TimeoutStopSec"] > float(web[web.index("--timeout-graceful-shutdown") + 1])
    assert seconds["switchyard-worker@", "WatchdogSec"] > LONGEST_HANG_S
