"""The levels of buckets in memory, never more than so many. It decides nothing and reads no clock."""

from collections import OrderedDict
from collections.abc import Iterable

from ratelimit.arithmetic import Level

_LOOKS = 2  # at each call; more than one, so that what has become full goes faster than what comes


class Levels:
    """The level of each bucket that is not full.

    Each call looks at the next two and forgets those that are full by now: no call pays for all. Beyond `most`,
    newcomers share a bucket: whoever comes with ever new names is slowed down, and nobody else is.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._levels: OrderedDict[bytes, tuple[Level, int]] = OrderedDict()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._levels)

    def name(self, bucket: bytes, *, shared: bytes) -> bytes:
        """Give the name of the bucket itself, or where there is no room for it that of the shared one."""
        return bucket if bucket in self._levels or len(self._levels) < self._most else shared

    def find(self, name: bytes) -> Level | None:
        """Give the level of a bucket; None is a full one."""
        found = self._levels.get(name)
        return found and found[0]

    def keep(self, name: bytes, level: Level, *, full_at_us: int) -> None:
        """Set the level of a bucket, which will be full at this microsecond."""
        if level.debt:
            self._levels[name] = level, full_at_us
        else:
            self._levels.pop(name, None)

    def sweep(self, now_us: int) -> None:
        """Look at some, those first that were looked at longest ago."""
        for _ in range(min(_LOOKS, len(self._levels))):
            name, (_, full_at_us) = next(iter(self._levels.items()))
            if full_at_us <= now_us:
                del self._levels[name]
            else:
                self._levels.move_to_end(name)

    def forget(self, names: Iterable[bytes]) -> None:
        """Fill these."""
        for name in names:
            self._levels.pop(name, None)

    def forget_all(self) -> int:
        """Fill all; give how many there were."""
        count = len(self._levels)
        self._levels.clear()
        return count
