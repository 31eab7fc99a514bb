"""A steward whose machine has a clock that is an hour late: `python -m tests.support.late_steward`."""

import datetime as dt
import sys
import time
from datetime import datetime, timedelta

_LATE_S = 3600.0
_time, _time_ns = time.time, time.time_ns


class _Clock(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


class _Late(datetime, metaclass=_Clock):
    """Takes the place of `datetime`; what it makes are real ones, only later."""

    def __new__(cls, *args: int, **more: int) -> datetime:  # type: ignore[misc]
        return datetime(*args, **more)  # type: ignore[arg-type]  # noqa: DTZ001  with the zone that was asked for

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) - timedelta(seconds=_LATE_S)


# Before anything of ours is imported.
time.time = lambda: _time() - _LATE_S
time.time_ns = lambda: _time_ns() - int(_LATE_S * 1e9)
dt.datetime = _Late  # type: ignore[misc, assignment]

from jobs.__main__ import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(["steward"]))
