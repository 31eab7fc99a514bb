"""What a quality report is, and how its score comes about. Pure: what was counted comes in from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

# How much each part counts. One that cannot be told does not count.
_WEIGHTS: Final = {"required": 40, "filled": 10, "unique": 20, "in_range": 15, "volume": 15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted of a file's rows.

    `rows`: read; `sound`: of them, those that were not set aside. `checked` fields of each row must be filled or of a
    type, `failing` times one was not. `cells` of sound rows, of which `empty` hold nothing. `keys`: different ones,
    with the day. `ranged` values have a range, and `outside` are not within it. `earlier`: the row counts of the same
    source's last files.
    """

    rows: int
    sound: int
    checked: int
    failing: int
    cells: int
    empty: int
    keys: int
    ranged: int
    outside: int
    earlier: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a score, 0 to 100, None where it cannot be told; `counts` is what it was made from."""

    name: str
    score: float | None
    weight: int
    counts: Mapping[str, float]

    def as_mapping(self) -> Mapping[str, object]:
        """Give it as JSON can hold it."""
        return {"name": self.name, "score": self.score, "weight": self.weight, "counts": dict(self.counts)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The quality of what was read: the mean of the parts that can be told, by weight; None where none can."""

    rows_read: int
    score: float | None
    parts: Sequence[Part]

    def as_mapping(self) -> Mapping[str, object]:
        """Give it as JSON can hold it."""
        return {"rows_read": self.rows_read, "score": self.score, "parts": [part.as_mapping() for part in self.parts]}


def report_of(counted: Counted) -> Report:
    """Make the report of a file."""
    usual = median(counted.earlier) if counted.earlier else None
    shares: Mapping[str, tuple[float | None, Mapping[str, float]]] = {
        "required": (
            _rest(counted.failing, counted.rows * counted.checked),
            {"values": counted.rows * counted.checked, "failing": counted.failing},
        ),
        "filled": (_rest(counted.empty, counted.cells), {"values": counted.cells, "empty": counted.empty}),
        "unique": (
            _rest(counted.sound - counted.keys, counted.sound),
            {"rows": counted.sound, "repeated": counted.sound - counted.keys},
        ),
        "in_range": (
            _rest(counted.outside, counted.ranged),
            {"values": counted.ranged, "outside": counted.outside},
        ),
        "volume": (
            None
            if usual is None or max(counted.rows, usual) == 0
            else min(counted.rows, usual) / max(counted.rows, usual),
            {"rows": counted.rows, "files": len(counted.earlier)} | ({} if usual is None else {"usual_rows": usual}),
        ),
    }
    parts = [
        Part(name=name, score=_percent(share), weight=_WEIGHTS[name], counts=counts)
        for name, (share, counts) in shares.items()
    ]
    return Report(rows_read=counted.rows, score=_mean([(part.score, part.weight) for part in parts]), parts=parts)


def report_of_files(reports: Sequence[Report]) -> Report:
    """Make the report of several files: each counts by its rows, those that could not be told do not count."""
    parts = []
    for name, weight in _WEIGHTS.items():
        known = [(part, one.rows_read) for one in reports for part in one.parts if part.name == name]
        score = _mean([(part.score, rows) for part, rows in known])
        told = sum(part.score is not None for part, _ in known)
        parts.append(Part(name=name, score=score, weight=weight, counts={"files": len(reports), "told": told}))
    return Report(
        rows_read=sum(one.rows_read for one in reports),
        score=_mean([(one.score, one.rows_read) for one in reports]),
        parts=parts,
    )


def report_from(stored: Mapping[str, Any]) -> Report:
    """Make the report again from what `as_mapping` gives."""
    return Report(
        rows_read=stored["rows_read"], score=stored["score"], parts=[Part(**part) for part in stored["parts"]]
    )


def _rest(bad: int, of: int) -> float | None:
    return None if of == 0 else 1 - bad / of


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)


def _mean(scores: Sequence[tuple[float | None, float]]) -> float | None:
    known = [(score, weight) for score, weight in scores if score is not None]
    total = sum(weight for _, weight in known)
    return round(sum(score * weight for score, weight in known) / total, 2) if total else None
