"""Whether a store that was found away is worth a question: that it hangs must not make each request wait for it."""

import asyncio

_DOUBTED_S = 1.0


class Doubt:
    """After a store was found away nobody asks it for a second; then one does, while others do without."""

    def __init__(self, *, patience_s: float) -> None:
        """`patience_s`: how long a question may take."""
        self._patience_s = patience_s
        self._until: float | None = None

    def lets_ask(self) -> bool:
        """Say whether to ask now; whoever does then says how it was."""
        if self._until is None:
            return True
        now = asyncio.get_running_loop().time()
        if now < self._until:
            return False
        self._until = now + self._patience_s
        return True

    def found_away(self) -> None:
        """Let it be spared."""
        self._until = asyncio.get_running_loop().time() + _DOUBTED_S

    def found_there(self) -> None:
        """Let everybody ask."""
        self._until = None
