"""Alertmanager: who is told of which alert, and which alerts are kept back while another says why."""

import re
import subprocess
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.conditions import eventually
from tests.support.monitoring import alertmanager
from tests.support.programs import program_of
from tests.support.rules import ALERTMANAGER, alerts, expectations, load

NAMES = {alert.name for alert in alerts()}

TOLD = {
    "dead-man": {"Watchdog"},
    "on-call": {
        "SwitchyardBackupOld",
        "SwitchyardNoWorker",
        "SwitchyardPostgresqlDown",
        "SwitchyardRedisDown",
        "SwitchyardServerErrors",
        "SwitchyardStewardMissing",
        "SwitchyardUnseen",
    },
    "stock": {"SwitchyardLowStock"},
    "daily": {"SwitchyardQueuePaused"},
}
QUEUES = {"CanaryOld", "NothingFinished", "OldestWaiting", "QueueLong"}
WEB = {"PoolExhausted", "ServerErrors", "SubmitSlow"}
STEWARD = {"HistoryBehind", "JobsNotEnqueued", "ScheduleOverdue", "StewardBehind"}
KEPT_BACK = {  # each without the word that all but one begin with
    "Unseen": {"TargetDown"},
    "RedisDown": QUEUES
    | WEB
    | STEWARD
    | {"EntriesUnreadable", "LimiterAway", "NoWorker", "QueuePaused", "RedisSlow", "StewardMissing"}
    | {"WorkerBlocked", "WorkerMissing"},
    "PostgresqlDown": WEB
    | STEWARD
    | {"CanaryOld", "FailureRateHigh", "LeasesLost", "PostgresqlSlow", "RunTimeHigh", "ScheduleFailing"}
    | {"StewardMissing", "TaskBroken"},
    "StewardMissing": STEWARD | {"CanaryOld"},
    "NoWorker": QUEUES,
    "WorkerMissing": {"LeasesLost"},
    "TaskBroken": {"FailureRateHigh"},
}

Labels = Mapping[str, str]

_NUMBERS = count()


def amtool(*arguments: str) -> str:
    """Run it; give what it says."""
    ran = subprocess.run(
        [program_of("prometheus-alertmanager", "amtool"), *arguments], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.strip()


def labels_of(alert: str) -> Labels:
    """Give the labels with which Prometheus fires an alert, as promtool has proven them, and those it adds to all."""
    found = next(case.labels[0] for case in expectations() if case.alert == alert and case.fires)
    return {"alertname": alert, **found, "site": "switchyard"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Run one with what is shipped, that tells nobody."""
    config = load(ALERTMANAGER)
    silent = [{"name": receiver["name"]} for receiver in config["receivers"]]
    async with alertmanager(tmp_path, {**config, "templates": [], "receivers": silent}) as client:
        await _until_seen(client)  # from here on it looks at alerts in the order in which they come
        yield client


def test_amtool_finds_nothing_to_mend() -> None:
    """Nor in the templates of mails."""
    amtool("check-config", str(ALERTMANAGER))


@pytest.mark.parametrize("receiver", [*TOLD, "mail"])
def test_each_alert_is_told_to_whom_it_concerns(receiver: str) -> None:
    """By its severity and component; what is nobody else's is the operators'."""
    concerned = TOLD.get(receiver, NAMES.difference(*TOLD.values()))
    for alert in concerned:
        pairs = [f"{name}={value}" for name, value in labels_of(alert).items()]
        assert amtool("config", "routes", "test", f"--config.file={ALERTMANAGER}", *pairs) == receiver, alert


def test_every_alert_that_is_named_is_there() -> None:
    """A misspelt name would keep nothing back, and nobody would see it."""
    rules = load(ALERTMANAGER)["inhibit_rules"]
    matchers = [matcher for rule in rules for matcher in (*rule["source_matchers"], *rule["target_matchers"])]
    named = {name for matcher in matchers for name in _named(matcher, "alertname")}
    assert named <= NAMES
    components = {name for matcher in matchers for name in _named(matcher, "component")}
    assert components <= {alert.labels["component"] for alert in alerts()}


def _named(matcher: str, label: str) -> Iterator[str]:
    """Give what a matcher names, `label="A"` or `label=~"PREFIX(A|B)"`."""
    found = re.fullmatch(rf'{label}=~?"(?:(\w*)\()?([\w|-]+)\)?"', matcher)
    if found:
        yield from ((found[1] or "") + name for name in found[2].split("|"))


async def test_what_follows_from_another_alert_is_kept_back(server: httpx.AsyncClient) -> None:
    """Each pair of alerts on a site of its own: the second is kept back by the first where the table has it."""
    pairs = [(source, target) for source in _full(KEPT_BACK) for target in sorted(NAMES - {source})]
    fired = [{**labels_of(name), "site": f"{source}-{target}"} for source, target in pairs for name in (source, target)]
    found: defaultdict[str, set[str]] = defaultdict(set)
    for labels in await _kept_back(server, fired):
        source, _ = labels["site"].split("-")
        if labels["alertname"] != source:  # which the other may keep back as well
            found[source].add(labels["alertname"])
    assert found == {f"Switchyard{source}": set(_full(names)) for source, names in KEPT_BACK.items()}


def _full(names: Iterable[str]) -> list[str]:
    return [f"Switchyard{name}" for name in names]


@pytest.mark.parametrize(
    ("source", "target", "label"),
    [
        ("SwitchyardRedisDown", "SwitchyardStewardMissing", "site"),
        ("SwitchyardRedisDown", "SwitchyardStewardMissing", "job"),
        ("SwitchyardNoWorker", "SwitchyardQueueLong", "queue"),
        ("SwitchyardTaskBroken", "SwitchyardFailureRateHigh", "task"),
    ],
)
async def test_nothing_is_kept_back_by_what_is_elsewhere(
    server: httpx.AsyncClient, source: str, target: str, label: str
) -> None:
    """Another site's Redis, another queue's workers."""
    assert await _kept_back(server, [labels_of(source), labels_of(target)])
    assert not await _kept_back(server, [{**labels_of(source), label: "another"}, {**labels_of(target), label: "own"}])


async def _kept_back(server: httpx.AsyncClient, fired: Sequence[Labels]) -> list[Labels]:
    """Let these fire; give the labels of those of them that are kept back."""
    await _fire(server, fired)
    listed = await _until_seen(server)
    assert all(labels in [alert["labels"] for alert in listed] for labels in fired)
    return [alert["labels"] for alert in listed if alert["status"]["inhibitedBy"] and alert["labels"] in fired]


async def _until_seen(server: httpx.AsyncClient) -> list[Any]:
    """Let a pair fire, and wait until one is kept back; give all alerts: what keeps back another is known of each."""
    site = f"last {next(_NUMBERS)}"
    source, target = ({**labels_of(f"Switchyard{name}"), "site": site} for name in ("RedisDown", "StewardMissing"))
    await _fire(server, [source, target])

    async def listed() -> list[Any] | None:
        found: list[Any] = (await server.get("/api/v2/alerts")).json()
        kept_back = [alert["labels"] for alert in found if alert["status"]["inhibitedBy"]]
        return found if target in kept_back else None

    return await eventually(listed)


async def _fire(server: httpx.AsyncClient, fired: Sequence[Labels]) -> None:
    answer = await server.post("/api/v2/alerts", json=[{"labels": labels} for labels in fired])
    assert answer.status_code == 200, answer.text
