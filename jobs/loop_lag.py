"""How late an event loop does what it was to do: for so long somebody has kept it to himself."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic

KEPT_S = 15.0  # as Prometheus scrapes by default: no lag falls between two scrapes

_EVERY_S = 0.1


class Peak:
    """The greatest of the values that were noted within the last so many seconds; 0 where none was."""

    def __init__(self, kept_s: float) -> None:
        self._kept_s = kept_s
        self._falling: deque[tuple[float, float]] = deque()  # when and what: of values, those that none later exceeds

    def note(self, value: float, *, now_s: float) -> None:
        """Note one; times must not fall."""
        while self._falling and self._falling[-1][1] <= value:
            self._falling.pop()
        self._falling.append((now_s, value))

    def at(self, now_s: float) -> float:
        """Give the greatest."""
        while self._falling and self._falling[0][0] <= now_s - self._kept_s:
            self._falling.popleft()
        return self._falling[0][1] if self._falling else 0.0


class LoopLag:
    """A loop that measures by how much each of its sleeps is too long."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        """`clock` gives seconds; a loop's own stands still while something keeps the loop."""
        self._clock = clock
        self._due_s: float | None = None
        self._peak = Peak(KEPT_S)

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            self._due_s = self._clock() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            now_s = self._clock()
            self._peak.note(max(now_s - self._due_s, 0.0), now_s=now_s)

    @property
    def greatest_s(self) -> float:
        """The greatest of the last 15 seconds, of a sleep too that has not ended; 0 unless this runs."""
        now_s = self._clock()
        late_s = 0.0 if self._due_s is None else now_s - self._due_s
        return max(self._peak.at(now_s), late_s)
