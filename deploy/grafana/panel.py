"""The words of a dashboard: what is asked of Prometheus, and how the answer is shown. Not how Grafana spells that."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

FULL_WIDTH = 24


class Kind(StrEnum):
    """How a panel shows its answers, by Grafana's word for it."""

    LINES = "timeseries"
    NUMBER = "stat"


class Unit(StrEnum):
    """What is measured, by Grafana's word for it."""

    COUNT = "short"
    PER_SECOND = "ops"
    RATIO = "percentunit"
    SECONDS = "s"
    BYTES = "bytes"
    UP = "bool_on_off"


@dataclass(frozen=True, slots=True)
class Query:
    """One expression; `legend` names each of its series, `{{label}}` being the label's value."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture. `width` is in the 24ths of a dashboard; `stacked` lays areas upon one another."""

    title: str
    queries: Sequence[Query]
    unit: Unit = Unit.COUNT
    kind: Kind = Kind.LINES
    width: int = 8
    meaning: str = ""
    stacked: bool = False

    @property
    def height(self) -> int:
        """Its height in Grafana's rows."""
        return 4 if self.kind is Kind.NUMBER else 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Panels, laid out line by line. `name` is that of its file and, after `switchyard-`, its uid.

    `by_queue`: with a choice of queues, which expressions have as `queue=~"$queue"`.
    """

    name: str
    title: str
    panels: Sequence[Panel]
    by_queue: bool = False


def number(title: str, expr: str, *, unit: Unit = Unit.COUNT, meaning: str = "", width: int = 4) -> Panel:
    """Make a panel of one number."""
    return Panel(title=title, queries=(Query(expr, title),), unit=unit, kind=Kind.NUMBER, meaning=meaning, width=width)
