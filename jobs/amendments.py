"""What a site changes of the timetable that is shipped, as a record and as a text. It knows none of the schedules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

OFF = "off"

_FIELDS = 5
_NOTATION = "write name=off or name=MINUTE HOUR DAY MONTH WEEKDAY, with semicolons between, or off for all"


@dataclass(frozen=True, slots=True)
class Amendments:
    """The cron expression of each schedule that is moved, and OFF for each that is not to run.

    `all_off`: none of those runs that are not named. As a text `backup_database=30 4 * * *; canary=off`.
    """

    changes: Mapping[str, str] = field(default_factory=dict)
    all_off: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text. Raises ValueError, which says the mend. Whether there are such schedules is not looked at."""
        changes: dict[str, str] = {}
        all_off = False
        for part in filter(None, (part.strip() for part in text.split(";"))):
            if part == OFF:
                all_off = True
                continue
            name, _, rule = (word.strip() for word in part.partition("="))
            if not name or not (rule == OFF or len(rule.split()) == _FIELDS):
                raise ValueError(f"{part!r} is no change of a schedule; {_NOTATION}")
            if name in changes:
                raise ValueError(f"{name} is named twice")
            changes[name] = " ".join(rule.split())
        return cls(changes, all_off)

    def __str__(self) -> str:
        """Give the text."""
        return "; ".join([*([OFF] if self.all_off else []), *(f"{name}={rule}" for name, rule in self.changes.items())])
