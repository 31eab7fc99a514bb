"""The commands for jobs and batches, on a site that runs: for people, and as JSON."""

import json
from pathlib import Path

import pytest

from tests.support.conditions import eventually
from tests.support.people import new_user
from tests.support.standing import StandingSite

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_submit(standing: StandingSite) -> None:
    """Arguments as pairs or as JSON; people are told how to go on, beside the result."""
    told = await standing.command("submit", "diag.sleep", "seconds:=0.01", "--tag", "cli", "--priority", "9")
    assert told.status == 0
    assert told.out.startswith("job ")
    assert "to follow it: switchyard watch" in told.err
    made = await standing.command("submit", "diag.fail", "--args", '{"message": "x"}', "--delay", "60", "--json")
    job = made.object
    assert (made.status, job["args"], job["state"], made.err) == (0, {"message": "x"}, "scheduled", "")
    twice = [
        (await standing.command("submit", "diag.noop", "--idempotency-key", "k", "--json")).object for _ in range(2)
    ]
    assert twice[0]["id"] == twice[1]["id"]
    at = await standing.command("submit", "diag.noop", "--run-at", "2026-11-27T00:00", "--json")
    assert at.status == 0


async def test_submit_and_watch(standing: StandingSite) -> None:
    """Its result is told, and its failure, by the status too; as JSON each event."""
    good = await standing.command("submit", "diag.progress", "steps:=2", "seconds:=6", "--watch")
    assert good.status == 0
    assert "1/2" in good.out
    assert good.out.rstrip().endswith("succeeded: 2")
    bad = await standing.command("submit", "diag.fail", "message=no [b]paper\x1b[2J", "--max-tries", "1", "-w")
    assert bad.status == 1
    assert "failed: DiagnosticError: no [b]paper\N{REPLACEMENT CHARACTER}[2J" in bad.out
    assert "the traceback: switchyard show" in bad.err
    events = await standing.command("submit", "diag.noop", "--watch", "--json")
    assert events.objects[-1]["data"]["state"] == "succeeded"


async def test_watch(standing: StandingSite) -> None:
    """Several at once, jobs and batches: the worst decides."""
    good = (await standing.command("submit", "diag.sleep", "seconds:=0.2", "--json")).object["id"]
    bad = (await standing.command("submit", "diag.fail", "--max-tries", "1", "--json")).object["id"]
    told = await standing.command("watch", good, bad)
    assert told.status == 1
    assert f"{good} succeeded: 0.2" in told.out
    assert (await standing.command("watch", good, "--json")).status == 0


async def test_batch(standing: StandingSite, tmp_path: Path) -> None:
    """Lines are texts, arguments or whole jobs, in a file or on the standard input; all of them or none."""
    lines = tmp_path / "names.txt"
    lines.write_text("one\n\ntwo\n", encoding="utf-8")
    options = ("--task", "diag.fail", "--argument", "message")
    told = await standing.command("batch", str(lines), *options)
    assert told.out.rstrip().endswith("has 2 jobs")
    jobs = '{"task": "diag.noop"}\n{"task": "diag.sleep", "args": {"seconds": 0.1}}\n'
    watched = await standing.command("batch", "-", "--name", "naps", "--watch", stdin=jobs)
    assert watched.status == 0
    assert watched.out.rstrip().endswith("succeeded: 2 succeeded")
    made = (await standing.command("batch", "-", "--task", "diag.sleep", "--json", stdin='{"seconds": 0}\n')).object
    assert (made["total"], made["state"]) == (1, "running")
    wrong = await standing.command("batch", "-", "--task", "diag.sleep", stdin='{"seconds": 0}\n{"second": 0}\n')
    assert wrong.status == 3
    assert "/jobs/1/args/second: is not known here" in wrong.err
    broken = await standing.command("batch", "-", "--task", "diag.sleep", stdin='{"seconds": 0}\nnothing\n')
    assert broken.status == 2
    assert "line 2: 'nothing' is no JSON" in broken.err
    assert (await standing.command("batch", "-", stdin="\n")).status == 2
    assert (await standing.command("batch", "-", "--argument", "name", stdin="a\n")).status == 2
    listed = await standing.command("batches")
    (line,) = [line for line in listed.out.splitlines() if line.startswith(made["id"])]
    assert line.split()[2] == "1"
    assert "naps" in [one["name"] for one in (await standing.command("batches", "--json")).objects]


async def test_list_and_show(standing: StandingSite) -> None:
    """People get a table, and a page of a thing; ids are whole."""
    job = (await standing.command("submit", "diag.fail", "message=of this test", "--max-tries", "1", "--json")).object
    await standing.command("watch", job["id"])
    failed = ("list", "--state", "failed", "--task", "diag.fail", "-n", "500")

    async def is_written() -> bool:
        return job["id"] in (await standing.command(*failed)).out

    await eventually(is_written)
    listed = await standing.command(*failed)
    assert listed.out.splitlines()[0].split() == ["ID", "STATE", "TASK", "ACCEPTED", "TRIES", "ERROR"]
    assert job["id"] in listed.out
    rows = await standing.command("list", "--state", "failed", "--limit", "1", "--after", "2026-01-01", "--json")
    assert [row["state"] for row in rows.objects] == ["failed"]
    assert (await standing.command("list", "--tag", "none-of-these")).err == "no jobs\n"
    shown = await standing.command("show", job["id"])
    assert "DiagnosticError: of this test" in shown.out
    assert "Traceback" in shown.out
    ended = (await standing.command("show", job["id"], "--json")).object
    assert ended["attempts"][0]["outcome"] == "failed"
    fingerprint = ended["error"]["fingerprint"]
    causes = await standing.command("failures", "--limit", "200", "--json")
    assert fingerprint in [one["fingerprint"] for one in causes.objects]
    assert fingerprint in (await standing.command("failures")).out
    retried = await standing.command("retry", "--cause", fingerprint)
    assert retried.out.startswith("retried")
    await eventually(is_written)  # it has failed once more
    assert (await standing.command("retry", "--cause", fingerprint, "--json")).object["next_cursor"] is None


async def test_cancel_and_retry(standing: StandingSite) -> None:
    """By id, whether that is a job's or a batch's."""
    later = ("submit", "diag.noop", "--delay", "60", "--json")
    lines = '{"task": "diag.noop", "delay_s": 60}\n'
    job, other = [(await standing.command(*later)).object["id"] for _ in range(2)]
    batch = (await standing.command("batch", "-", "--json", stdin=lines)).object["id"]
    told = await standing.command("cancel", job)
    assert told.out == f"job {job}: never started\n"
    assert (await standing.command("cancel", batch)).out.startswith(f"batch {batch}: ")
    ended = await standing.command("watch", batch)
    assert ended.status == 1
    assert ended.out.rstrip().endswith("cancelled: 1 cancelled")
    assert "cancelled" in (await standing.command("show", batch)).out
    again = await standing.command("retry", job, batch)
    assert f"job {job} is" in again.out
    assert f"batch {batch} is running" in again.out
    outcomes = await standing.command("cancel", other, batch, "--json")
    assert [one.get("outcome", one.get("total")) for one in outcomes.objects] == ["never_started", 1]
    assert (await standing.command("retry", other, "--json")).object["id"] == other
    failing = (await standing.command("submit", "diag.fail", "times:=1", "--max-tries", "1", "--json")).object["id"]
    await standing.command("watch", failing)
    assert (await standing.command("retry", failing, "--watch")).status == 1


async def test_tasks(standing: StandingSite) -> None:
    """With their arguments, those in brackets may be left out."""
    told = await standing.command("tasks")
    (line,) = [line for line in told.out.splitlines() if line.startswith("diag.progress")]
    assert line.rstrip().endswith("[steps] [seconds]")
    assert "diag.noop" in {task["name"] for task in (await standing.command("tasks", "--json")).objects}


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (("submit", "diag.sleep", "seconds:=1s"), 2, "seconds: '1s' is no JSON"),
        (("submit", "diag.sleep", "seconds"), 2, "write name=text, or name:=json as in times:=3"),
        (("submit", "diag.sleep", "seconds:=1", "seconds:=2"), 2, "seconds is given twice"),
        (("submit", "diag.sleep", "seconds:=1", "--args", "{}"), 2, "not both"),
        (("submit", "diag.sleep", "--args", "[1]"), 2, "is no JSON object"),
        (("submit", "diag.sleep", "--run-at", "tomorrow"), 2, "write it as 2027-01-31T08:00"),
        (("submit", "diag.sleep", "--run-at", "0001-01-01T00:00:00+14:00"), 2, "'--run-at'"),
        (("list", "--after", "0001-01-01"), 2, "'--after'"),
        (("list", "--before", "9999-12-31T23:00:00-14:00"), 2, "'--before'"),
        (("submit", "diag.noop", "--timeout", "nan"), 2, "'--timeout': 'nan' is no number of seconds"),
        (("submit", "diag.noop", "--delay", "nan"), 2, "'--delay': 'nan' is no number of seconds"),
        (("submit", "diag.noop", "--delay", "inf"), 2, "'--delay': 'inf' is no number of seconds"),
        (("submit", "diag.noop", "--expires-in", "inf"), 2, "'--expires-in'"),
        (("probe", "--wait", "nan"), 2, "'--wait'"),
        (("submit", "diag.sleep", "seconds:=NaN"), 2, "seconds: 'NaN' is no JSON"),
        (("submit", "diag.sleep", "seconds:=1e999"), 2, "seconds: '1e999' is no JSON: 1e999 is no number"),
        (("submit", "diag.sleep", "--args", '{"seconds": -Infinity}'), 2, "--args: "),
        (("submit", "diag.sleep", ":=1"), 2, "write name=text, or name:=json"),
        (("submit", "diag.sleep", "秒:=1"), 3, "/args/秒: is not known here"),
        (("submit", "diag.sleep", "seconds=1"), 3, "/args/seconds: "),
        (("submit", "diag.slep"), 3, "/task: "),
        (("submit",), 2, "Missing argument 'TASK'"),
        (("show", "nothing"), 3, "others' things are not shown either"),
        (("retry",), 2, "give the ids of jobs or batches, or --cause"),
        (("retry", "--cause", "f", "--watch"), 2, "--watch is for ids"),
        (("wtach",), 2, "No such command 'wtach'. Did you mean watch"),
    ],
)
async def test_what_is_wrong_is_said(standing: StandingSite, arguments: tuple[str, ...], status: int, why: str) -> None:
    """By the status, and with the mend; nothing is on the standard output."""
    told = await standing.command(*arguments)
    assert (told.status, told.out) == (status, "")
    assert why in told.err


async def test_who_may_not_is_told_whom_to_ask(standing: StandingSite) -> None:
    """A role that does not allow it, a key that is not known, a site that is not there."""
    person = await new_user(standing.admin, "cli-normal")
    told = await standing.command("pause", "data_sync", key=person.key)
    assert (told.status, "ask an administrator" in told.err) == (3, True)
    unknown = await standing.command("list", key="nobody's")
    assert (unknown.status, "log in again: `switchyard login`" in unknown.err) == (3, True)
    assert json.loads((await standing.command("list", "--limit", "1", "--json")).out)
