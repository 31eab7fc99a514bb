"""The Lua scripts: each with the prelude before it, and the key names that it uses. It knows no script's meaning."""

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
    "admit": ("room",),
    "admit_all": ("room",),
    "enqueue": ("room",),
    "adopt": ("ends",),
    "cancel": ("ends", "stops"),
    "claim": ("ends", "stops", "utf8"),
    "finish": ("ends",),
    "glance": ("pace",),
    "hand_back": ("ends",),
    "place": ("pace",),
    "retry": ("ends",),
    "tick": ("ends", "stops"),
    "usage": ("room",),
}

Argument = str | bytes | int | float


class Script:
    """One script, called by its digest; Redis gets the text where it does not know that."""

    def __init__(self, name: str, *, clock: str = _REDIS_TIME) -> None:
        """Read `<name>.lua`. `clock` is Lua that defines NOW(): {seconds, microseconds}; tests bring their own."""
        self._name = name
        self._clock = clock

    @cached_property
    def text(self) -> str:
        """What Redis runs."""
        parts = ("prelude", "jobs", *_PARTS.get(self._name, ()), self._name)
        return "\n".join((_constants(), self._clock, *map(_read, parts)))

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


def _constants() -> str:
    names: Mapping[str, object] = vars(keys)
    lines = [
        f"local {name} = '{value}'" if isinstance(value, str) else f"local {name} = {value}"
        for name, value in names.items()
        if name.isupper()
    ]
    for name, bounds in (("WAIT_BOUNDS", counters.WAIT_BOUNDS_MS), ("RUN_BOUNDS", counters.RUN_BOUNDS_MS)):
        # The last bound of a histogram is everything above.
        lines.append(f"local {name} = {{{', '.join(str(bound) for bound in bounds)}, math.huge}}")
    return "\n".join(lines)
