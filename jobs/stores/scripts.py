"""The Lua scripts: each with the prelude before it, and the key names that it uses. It knows no script's meaning."""

import re
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha1
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.client import Redis as BlockingRedis
from redis.exceptions import NoScriptError

from jobs import counters, keys

_FOLDER = Path(__file__).parent / "lua"
_REDIS_TIME = "local function NOW() return redis.call('TIME') end"

# What stands between the prelude and a script, beside `jobs`.
_PARTS: Mapping[str, tuple[str, ...]] = {
    "adopt": ("ends",),
    "cancel": ("ends", "stops"),
    "claim": ("ends", "stops"),
    "finish": ("ends",),
    "glance": ("pace",),
    "hand_back": ("ends",),
    "place": ("pace",),
    "retry": ("ends",),
    "tick": ("ends", "stops"),
}

# A quoted text, a comment, or a name that may be one of a constant.
_WORD = re.compile(r"'[^'\n]*'|--.*|\b[A-Z][A-Z_]+\b")

Argument = str | bytes | int | float


class Script:
    """One script, called by its digest; Redis gets the text where it does not know that."""

    def __init__(self, name: str, *, clock: str = _REDIS_TIME) -> None:
        """Read `<name>.lua`. `clock` is Lua that defines NOW(): {seconds, microseconds}; tests bring their own."""
        self._name = name
        self._clock = clock

    @cached_property
    def source(self) -> str:
        """The parts, one after the other, with names for what stands in other files."""
        parts = ("prelude", "jobs", *_PARTS.get(self._name, ()), self._name)
        return "\n".join((_bounds(), self._clock, *map(_read, parts)))

    @cached_property
    def text(self) -> str:
        """What Redis runs: the names of constants are replaced by what they stand for.

        As locals they would have to be bound to the functions that use them, at each call: a tenth of a small one.
        """
        constants = _constants()
        return _WORD.sub(lambda found: constants.get(found[0], found[0]), self.source)

    @cached_property
    def digest(self) -> str:
        """The name that Redis knows the text by."""
        return sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis: Redis, *args: Argument) -> Any:  # noqa: ANN401  each script has an answer of its own
        """Run it. All keys are made from the arguments: there is one Redis, no cluster."""
        call: Any = redis.execute_command  # without annotations
        try:
            return await call("EVALSHA", self.digest, 0, *args)
        except NoScriptError:
            return await call("EVAL", self.text, 0, *args)

    def run_blocking(self, redis: BlockingRedis, *args: Argument) -> Any:  # noqa: ANN401  the same
        """Run it from a thread."""
        call: Any = redis.execute_command  # without annotations
        try:
            return call("EVALSHA", self.digest, 0, *args)
        except NoScriptError:
            return call("EVAL", self.text, 0, *args)


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")


def _constants() -> Mapping[str, str]:
    names: Mapping[str, object] = vars(keys)
    return {
        name: f"'{value}'" if isinstance(value, str) else f"{value}" for name, value in names.items() if name.isupper()
    }


def _bounds() -> str:
    lines = []
    for name, bounds in (("WAIT_BOUNDS", counters.WAIT_BOUNDS_MS), ("RUN_BOUNDS", counters.RUN_BOUNDS_MS)):
        # The last bound of a histogram is everything above.
        lines.append(f"local {name} = {{{', '.join(str(bound) for bound in bounds)}, math.huge}}")
    return "\n".join(lines)
