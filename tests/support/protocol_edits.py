"""Scripts with some of their text replaced, to see that the tests notice."""

from collections.abc import Sequence
from functools import cached_property

from jobs.stores.scripts import Script

# What stands in a script, and what stands there instead.
Edit = tuple[str, str]


class EditedScript(Script):
    """Such a script."""

    def __init__(self, name: str, *, clock: str, edits: Sequence[Edit]) -> None:
        super().__init__(name, clock=clock)
        self._edits = edits

    @cached_property
    def text(self) -> str:
        """What Redis runs."""
        text = super().text
        for old, new in self._edits:
            text = text.replace(old, new)
        return text
