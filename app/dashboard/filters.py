"""How pages write times, spans, sizes and values. Pure; what the API answers goes in, text or safe markup comes out."""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from markupsafe import Markup
from starlette.datastructures import QueryParams

_NOTHING: Final = "–"
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_KIB = 1024


def moment(text: str | None) -> Markup | str:
    """Show a time of the API's in UTC; a script of the page turns it into the reader's own."""
    if text is None:
        return _NOTHING
    at = datetime.fromisoformat(text).astimezone(UTC)
    return Markup('<time datetime="{}">{:%Y-%m-%d %H:%M:%S} UTC</time>').format(text, at)


def lasted(began: str | None, ended: str | None) -> str:
    """Show how long something took that has ended."""
    if began is None or ended is None:
        return _NOTHING
    return span((datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds())


def span(seconds: float | None) -> str:
    """Show seconds: 0.25 s, 42 s, 5 min 2 s, 3 h 4 min, 2 d 5 h."""
    if seconds is None:
        return _NOTHING
    if seconds < 1:
        return f"{max(seconds, 0):.2f} s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{seconds:.3g} s"
    for unit, name, smaller, of_smaller in (
        (_DAY_S, "d", _HOUR_S, "h"),
        (_HOUR_S, "h", _MINUTE_S, "min"),
        (_MINUTE_S, "min", 1, "s"),
    ):
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit:,} {name} {rest} {of_smaller}" if rest else f"{whole // unit:,} {name}"
    raise AssertionError(seconds)


def number(value: float | None) -> str:
    """Show a number, with commas between thousands."""
    return _NOTHING if value is None else f"{value:,}"


def size(amount: int) -> str:
    """Show bytes in the unit that fits."""
    value, unit = float(amount), "B"
    for larger in ("KiB", "MiB", "GiB"):
        if value < _KIB:
            break
        value, unit = value / _KIB, larger
    return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"


def pretty(value: Any) -> str:  # noqa: ANN401  JSON
    """Show JSON for people."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def with_cursor(query: QueryParams, cursor: str) -> str:
    """Give the query of the next page of a list."""
    return urlencode([*_but_cursor(query), ("cursor", cursor)])


def without_cursor(query: QueryParams) -> str:
    """Give the query of a list's first page."""
    return urlencode(_but_cursor(query))


def _but_cursor(query: QueryParams) -> list[tuple[str, str]]:
    return [(name, value) for name, value in query.multi_items() if value and name != "cursor"]


FILTERS: Final = {
    "moment": moment,
    "lasted": lasted,
    "span": span,
    "number": number,
    "size": size,
    "pretty": pretty,
    "with_cursor": with_cursor,
    "without_cursor": without_cursor,
}
