"""The header gate: what a file's headers are against the template's. It compares names, never values."""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

# ISO 4217 codes of the currencies that shops sell in. Not the whole list: ALL, TOP, BAM, GEL and the like are words.
_CODES: Final = (
    "RMB CNY HKD MOP TWD USD EUR GBP JPY KRW SGD MYR THB IDR PHP VND KHR LAK MMK INR PKR BDT LKR NPR AUD NZD CAD "
    "MXN BRL CLP COP ARS UYU CHF SEK NOK DKK ISK PLN CZK HUF RON BGN RUB UAH KZT UZS TRY ILS AED SAR QAR KWD BHD "
    "OMR JOD EGP MAD ZAR NGN KES GHS"
)
_CODE: Final = f"({_CODES.replace(' ', '|')})"
_CURRENCY: Final = re.compile(rf"(?:\s*[(\[{{【〔]\s*{_CODE}\s*[)\]}}】〕]|[\s_/-]+{_CODE})$")
_SHOWN: Final = 20
_NAME_SHOWN: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A header that is there, but in another place. Positions count from 1."""

    name: str
    expected: int
    found: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderDifference:
    """How a file's headers differ from the template's; `str` of it is a sentence for people.

    `match_rate` is the share, 0 to 1, of the longer of both lists that stands in the common order. `missing_keys` are
    those of `removed` that tell rows apart: without them a file would collapse into few rows.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[Move, ...]
    match_rate: float
    missing_keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say what was added, removed and moved, which keys are missing, and how much still matches."""
        moves = [f"{_quoted(m.name)} (column {m.found}, expected {m.expected})" for m in self.moved]
        parts = (
            ("added", [_quoted(name) for name in self.added]),
            ("removed", [_quoted(name) for name in self.removed]),
            ("moved", moves),
            ("key fields that are missing", [_quoted(name) for name in self.missing_keys]),
        )
        told = "; ".join(f"{verb}: {_listed(names)}" for verb, names in parts if names)
        return f"The headers differ from the template's. {told}. {self.match_rate:.0%} match."

    def as_mapping(self) -> Mapping[str, object]:
        """Give it in fields, as JSON can hold them; names are cut at 200 characters."""
        return {
            "added": [name[:_NAME_SHOWN] for name in self.added],
            "removed": [name[:_NAME_SHOWN] for name in self.removed],
            "moved": [
                {"name": move.name[:_NAME_SHOWN], "expected": move.expected, "found": move.found} for move in self.moved
            ],
            "missing_keys": list(self.missing_keys),
            "match_rate": round(self.match_rate, 4),
        }


def compare(expected: Sequence[str], found: Sequence[str], *, keys: Sequence[str] = ()) -> HeaderDifference | None:
    """Compare both lists in order and give the difference, or None. Trailing empty cells of `found` are ignored.

    `keys` are those of `expected` that tell rows apart.
    """
    found = trimmed(found)
    wanted, given = _comparable(expected, found)
    if wanted == given:
        return None
    surplus, missing = Counter(given) - Counter(wanted), Counter(wanted) - Counter(given)
    wanted_common = _without(wanted, missing)
    given_common = _without(given, surplus)
    pairs = _paired(wanted, wanted_common, given, given_common)
    staying = _longest_rise([place for place, _ in pairs])
    removed = tuple(expected[i] for i in range(len(wanted)) if i not in wanted_common)
    return HeaderDifference(
        added=tuple(found[i] for i in range(len(given)) if i not in given_common),
        removed=removed,
        moved=tuple(
            Move(name=expected[place], expected=place + 1, found=seen + 1)
            for place, seen in pairs
            if place not in staying
        ),
        match_rate=len(staying) / max(len(wanted), len(given)),
        missing_keys=tuple(name for name in removed if name in keys),
    )


def normalise(name: str) -> str:
    """Give the name that is compared: full-width forms folded, white space collapsed, no currency code at its end."""
    folded = _folded(name)
    return _CURRENCY.sub("", folded) or folded


def currency(headers: Iterable[str]) -> str | None:
    """Give the one ISO 4217 code that the headers name (RMB is CNY); None where they name none, or several."""
    matches = (_CURRENCY.search(_folded(name)) for name in headers)
    codes = {match[1] or match[2] for match in matches if match}
    codes = {"CNY" if code == "RMB" else code for code in codes}
    return codes.pop() if len(codes) == 1 else None


def trimmed(found: Sequence[str]) -> Sequence[str]:
    """Leave out the empty cells at the end."""
    end = len(found)
    while end and not found[end - 1].strip():
        end -= 1
    return found[:end]


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).replace("\ufeff", "").split())


def _comparable(expected: Sequence[str], found: Sequence[str]) -> tuple[list[str], list[str]]:
    """Normalise both lists, but keep the currency codes that alone tell two columns of one list apart."""
    wanted, given = [normalise(name) for name in expected], [normalise(name) for name in found]
    twice = {name for names in (wanted, given) for name, times in Counter(names).items() if times > 1}
    return (
        [_folded(raw) if name in twice else name for raw, name in zip(expected, wanted, strict=True)],
        [_folded(raw) if name in twice else name for raw, name in zip(found, given, strict=True)],
    )


def _without(names: Sequence[str], surplus: Counter[str]) -> dict[int, str]:
    """Give the names by position, less the last `surplus` occurrences of each."""
    left = Counter(surplus)
    kept = dict(enumerate(names))
    for position in range(len(names) - 1, -1, -1):
        if left[names[position]] > 0:
            left[names[position]] -= 1
            del kept[position]
    return kept


def _paired(
    wanted: Sequence[str], wanted_common: Iterable[int], given: Sequence[str], given_common: Iterable[int]
) -> list[tuple[int, int]]:
    """Pair the position in the template with that in the file, in the file's order."""
    places: dict[str, list[int]] = {}
    for position in sorted(wanted_common, reverse=True):
        places.setdefault(wanted[position], []).append(position)
    return [(places[given[position]].pop(), position) for position in sorted(given_common)]


def _longest_rise(places: Sequence[int]) -> set[int]:
    """Give the most places that can stay where they are: the longest increasing subsequence."""
    tails: list[int] = []
    before: dict[int, int | None] = {}
    for place in places:
        at = bisect_left(tails, place)
        before[place] = tails[at - 1] if at else None
        tails[at : at + 1] = [place]
    staying: set[int] = set()
    step = tails[-1] if tails else None
    while step is not None:
        staying.add(step)
        step = before[step]
    return staying


def _quoted(name: str) -> str:
    shown = name.strip().replace("\x00", "\ufffd")  # PostgreSQL has no NUL in texts
    return f'"{shown}"'


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
