"""The shipped rules of Prometheus as tests read them, and what their own tests say of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
ALERTMANAGER = ROOT / "deploy/alertmanager/alertmanager.yml"
RULE_FILES = tuple(sorted(PROMETHEUS.glob("rules/*.yml")))
RULE_TESTS = tuple(sorted((ROOT / "tests/deploy/prometheus").glob("*.yml")))

_UNITS_S = {"s": 1, "m": 60, "h": 3600}
_TIME = re.compile(r"(\d+)([smh])")
_SELECTOR = re.compile(r"(?<![\w:])(?:switchyard_\w+|[a-z]+:[\w:]+|up)(?:\{[^}]*\})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule. `for_s` is how long its condition lasts before it fires; a recording has neither labels nor notes."""

    name: str
    is_alert: bool
    expr: str
    for_s: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def always_fires(self) -> bool:
        """Whether nothing can stop it: the dead man's switch."""
        return self.expr == "vector(1)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What one test of a rule expects at one time: with which labels it fires, or nothing."""

    test: str
    alert: str
    at_s: int
    labels: tuple[Mapping[str, str], ...]

    @property
    def fires(self) -> bool:
        """Whether the alert is expected to fire."""
        return bool(self.labels)


@cache
def rules() -> tuple[Rule, ...]:
    """Give all of them, as they stand in the files."""
    return tuple(_rule(rule) for path in RULE_FILES for group in load(path)["groups"] for rule in group["rules"])


def alerts() -> tuple[Rule, ...]:
    """Give those that fire."""
    return tuple(rule for rule in rules() if rule.is_alert)


@cache
def expectations() -> tuple[Expectation, ...]:
    """Give what promtool holds the rules to."""
    return tuple(_expectations())


def selectors(expr: str) -> set[str]:
    """Give each series that an expression asks for, with its matchers."""
    return set(_SELECTOR.findall(expr))


def load(path: Path) -> Any:  # noqa: ANN401  YAML
    """Read a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def seconds(text: str) -> int:
    """Read a time as Prometheus writes it, `1h16m`."""
    return sum(int(amount) * _UNITS_S[unit] for amount, unit in _TIME.findall(text))


def _rule(found: Mapping[str, Any]) -> Rule:
    return Rule(
        name=found.get("alert") or found["record"],
        is_alert="alert" in found,
        expr=found["expr"],
        for_s=seconds(found.get("for", "0s")),
        labels=found.get("labels", {}),
        annotations=found.get("annotations", {}),
    )


def _expectations() -> Iterator[Expectation]:
    for path in RULE_TESTS:
        for test in load(path)["tests"]:
            for case in test["alert_rule_test"]:
                yield Expectation(
                    test=test["name"],
                    alert=case["alertname"],
                    at_s=seconds(case["eval_time"]),
                    labels=tuple(alert["exp_labels"] for alert in case.get("exp_alerts", ())),
                )
