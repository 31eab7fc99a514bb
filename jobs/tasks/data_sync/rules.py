"""Which template layouts make sense. Pure: it says what is wrong and how to mend it, and stores nothing."""

from collections.abc import Iterable
from datetime import datetime

from jobs.errors import Mistake
from jobs.tasks.data_sync.headers import normalise
from jobs.tasks.data_sync.model import Layout

_PROBE = datetime(2031, 12, 30, 11, 58, 59)  # noqa: DTZ001  formats of exports have no zone


def mistakes_in(layout: Layout) -> list[Mistake]:
    """Find everything that is wrong with a layout."""
    mistakes = [*_repeated(layout.fields)]
    mistakes += _strangers("/key_fields", layout.key_fields, layout)
    mistakes += _strangers("/required_fields", layout.required_fields, layout)
    if layout.date_rule.field not in layout.fields:
        mistakes.append(Mistake(pointer="/date_rule/field", detail=_not_a_field(layout.date_rule.field)))
    if layout.date_rule.format is not None and not _is_date_format(layout.date_rule.format):
        detail = "is no strptime format that holds year, month and day; example: %d/%m/%Y"
        mistakes.append(Mistake(pointer="/date_rule/format", detail=detail))
    return mistakes


def _repeated(fields: tuple[str, ...]) -> Iterable[Mistake]:
    """Two names that fold to one could not be told apart in a file's header."""
    seen: dict[str, int] = {}
    for index, name in enumerate(fields):
        first = seen.setdefault(normalise(name), index)
        if first != index:
            yield Mistake(pointer=f"/fields/{index}", detail=f"is the same name as field {first}; rename one of them")


def _strangers(pointer: str, names: tuple[str, ...], layout: Layout) -> Iterable[Mistake]:
    for index, name in enumerate(names):
        if name not in layout.fields:
            yield Mistake(pointer=f"{pointer}/{index}", detail=_not_a_field(name))


def _not_a_field(name: str) -> str:
    return f"{name!r} is none of the fields; take one of them, spelt alike"


def _is_date_format(text: str) -> bool:
    try:
        return datetime.strptime(_PROBE.strftime(text), text).date() == _PROBE.date()  # noqa: DTZ007  as above
    except ValueError:
        return False
