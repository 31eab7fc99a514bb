"""The committed dashboards as tests read them: what each asks Prometheus."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.rules import ROOT

BOARDS = tuple(sorted((ROOT / "deploy/grafana/dashboards").glob("*.json")))

_CHOICE = '"$queue"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One query of a panel, for all queues where they can be chosen; `legend` names labels as `{{label}}`."""

    where: str
    expr: str
    legend: str

    @property
    def shown(self) -> set[str]:
        """The labels that the legend shows."""
        return set(re.findall(r"\{\{(\w+)\}\}", self.legend))


def queries() -> Iterator[Asked]:
    """Give all queries of all dashboards."""
    for path in BOARDS:
        for panel in board(path)["panels"]:
            for target in panel["targets"]:
                yield Asked(
                    where=f"{path.stem}: {panel['title']}",
                    expr=target["expr"].replace(_CHOICE, '".*"'),
                    legend=target["legendFormat"],
                )


def board(path: Path) -> Mapping[str, Any]:
    """Read a dashboard."""
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
