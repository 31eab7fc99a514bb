"""How long a process that died stays down; arithmetic only."""

FIRST_S = 0.5
LONGEST_S = 10.0
STABLE_AFTER_S = 30.0


class Backoff:
    """Half a second, doubled with each death up to 10 s; a process that ran 30 s begins anew."""

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def after(self, ran_s: float) -> float:
        """Seconds to wait before the next start, now that it ran for `ran_s`."""
        if ran_s >= STABLE_AFTER_S:
            self._next_s = FIRST_S
        delay_s = self._next_s
        self._next_s = min(delay_s * 2, LONGEST_S)
        return delay_s
