"""What the stores answered to one scrape. It asks nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobs.cache.counts import Tally
from jobs.stores.schedules import ScheduleRow
from jobs.stores.statistics import Reading
from jobs.tasks.scheduled.service import Figures
from ratelimit.ledger import PolicyCell


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the stores answered, and how the process does that asked them.

    `reading`, `decisions` and `cache` are None where Redis did not answer, `schedules` empty and `upkeep` None where
    PostgreSQL did not.
    """

    reading: Reading | None
    postgresql_up: bool
    schedules: Sequence[ScheduleRow] = ()
    decisions: Mapping[PolicyCell, int] | None = None
    limiter_is_away: bool = False
    cache: Mapping[str, Tally] | None = None
    upkeep: Figures | None = None
