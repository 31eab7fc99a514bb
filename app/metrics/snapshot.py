"""What the stores, and the process that asked them, answered to one scrape. It asks nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.traffic import Tally
from jobs.cache.counts import Tally as CacheTally
from jobs.overview import SiteOverview
from jobs.stores.arrears import Arrears
from jobs.stores.memory import MemoryUse
from jobs.stores.pools import PoolUse
from jobs.stores.schedules import ScheduleRow
from jobs.tasks.scheduled.service import Canary, Figures
from ratelimit.ledger import PolicyCell


@dataclass(frozen=True, slots=True, kw_only=True)
class InRedis:
    """What Redis answered, after `seconds`; a part is None where it did not in time, or does not tell."""

    seconds: float
    site: SiteOverview
    memory: MemoryUse | None = None
    decisions: Mapping[PolicyCell, int] | None = None
    cache: Mapping[str, CacheTally] | None = None
    traffic: Tally | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InPostgresql:
    """The same of PostgreSQL."""

    seconds: float
    schedules: Sequence[ScheduleRow] = ()
    canaries: Sequence[Canary] = ()
    arrears: Arrears | None = None
    upkeep: Figures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All of it; a store is None where it did not answer. The rest is of the process that asked them, `routes` too."""

    routes: Sequence[str] = ()
    redis: InRedis | None
    postgresql: InPostgresql | None
    limiter_is_away: bool = False
    loop_lag_s: float = 0.0
    pools: Mapping[str, PoolUse] = field(default_factory=dict)
