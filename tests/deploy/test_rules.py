"""The rules of Prometheus: each is held to what it is for by Prometheus' own tool, and leads to a runbook."""

import re
import shutil
import subprocess
from itertools import groupby
from pathlib import Path

import pytest

from tests.support.programs import program_of
from tests.support.rules import PROMETHEUS, ROOT, RULE_FILES, RULE_TESTS, Expectation, Rule, alerts, expectations

SEVERITIES = {"critical", "warning", "info"}
RUNBOOKS = ROOT / "deploy/README.md"


def promtool(*arguments: str | Path) -> None:
    """Run it; what it finds fails the test."""
    ran = subprocess.run(
        [program_of("prometheus", "promtool"), *arguments], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_promtool_finds_nothing_to_mend(tmp_path: Path) -> None:
    """Neither in the rules nor in the configuration that names them."""
    promtool("check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)
    copied = shutil.copytree(PROMETHEUS, tmp_path / "prometheus")
    (copied / "metrics-token").touch()
    promtool("check", "config", "--lint=all", "--lint-fatal", copied / "prometheus.yml")


def test_the_rules_do_what_their_tests_say() -> None:
    """With made up series, so that an hour is no hour."""
    promtool("test", "rules", *RULE_TESTS)


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_each_alert_is_held_to_fire_and_to_be_silent(alert: Rule) -> None:
    """It fires, not before its time, it clears, and it does not fire where its condition is just not met."""
    cases = [case for case in expectations() if case.alert == alert.name]
    runs = [list(run) for _, run in groupby(cases, key=lambda case: case.test)]
    firing = [run for run in runs if any(case.fires for case in run)]
    assert firing, "it never fires"
    if alert.always_fires:
        assert all(case.fires for case in cases)
        return
    assert all(_clears(run) for run in firing), "it does not clear"
    assert all(_waits(run, alert.for_s) for run in firing), "whether it waits is not tried"
    assert len(firing) < len(runs), "it is not tried where it must not fire"


def _clears(run: list[Expectation]) -> bool:
    return not max(run, key=lambda case: case.at_s).fires


def _waits(run: list[Expectation], for_s: int) -> bool:
    """Whether it is silent right before it first fires: one step of the series, where it has to wait."""
    first = min(case.at_s for case in run if case.fires)
    before = [first - case.at_s for case in run if case.at_s < first]
    return min(before, default=0) == 60 if for_s else True


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_each_alert_says_what_it_is(alert: Rule) -> None:
    """How bad, of what, in words, and where it is written what to do."""
    assert alert.labels.keys() == {"severity", "component"}
    assert alert.labels["severity"] in SEVERITIES or alert.always_fires
    assert alert.annotations.keys() == {"summary", "description", "runbook"}
    assert alert.annotations["runbook"] == f"deploy/README.md#{alert.name.lower()}"


def test_each_alert_has_its_runbook_and_no_other_is_there() -> None:
    """In which it is said what it means, how to look and what to do."""
    _, runbooks = RUNBOOKS.read_text(encoding="utf-8").split("\n## Runbooks\n")
    chapters = dict(re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", runbooks, re.MULTILINE | re.DOTALL))
    assert sorted(chapters) == sorted(alert.name for alert in alerts())
    for text in chapters.values():
        assert re.findall(r"^- \*\*(\w+)\.\*\*", text, re.MULTILINE) == ["Means", "Look", "Do"]
