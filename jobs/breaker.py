"""Whether a store that owes an answer is asked: that it hangs must not make each request wait for it."""

import asyncio

_REST_S = 0.5  # whoever waited in vain for one answer must not be the next to wait for another


class CircuitBreaker:
    """After a question that was not answered in time nobody asks for a moment; then one does, others do without."""

    def __init__(self, *, patience_s: float) -> None:
        """`patience_s`: how long a question may take."""
        self._patience_s = patience_s
        self._until: float | None = None  # when the next may ask; None: everybody may

    def lets_through(self) -> bool:
        """Say whether to ask now; whoever does then says how it was, unless he is cancelled."""
        if self._until is None:
            return True
        now = asyncio.get_running_loop().time()
        if now < self._until:
            return False
        self._until = now + self._patience_s
        return True

    def failed(self) -> None:
        """Open it: there was no answer in time."""
        self._until = asyncio.get_running_loop().time() + _REST_S

    def answered(self) -> None:
        """Close it."""
        self._until = None
