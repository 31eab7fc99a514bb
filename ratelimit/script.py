"""The script `lua/acquire.lua`: its text, its arguments, its answer. It connects to nothing."""

from collections.abc import Sequence
from pathlib import Path

from ratelimit.arithmetic import Ask, Fill, Verb
from ratelimit.keys import BUCKETS

TEXT = (Path(__file__).parent / "lua" / "acquire.lua").read_text(encoding="utf-8")

Word = bytes | str | int


def arguments(verb: Verb, asks: Sequence[Ask], *, prefix: str = BUCKETS, now_us: int | None = None) -> list[Word]:
    """Give the number of keys, the keys and the arguments; `now_us` is for tests, which bring a clock of their own."""
    before = prefix.encode() + b":"
    words: list[Word] = [len(asks), *[before + ask.name for ask in asks], verb, "" if now_us is None else now_us]
    for _, (unit, rate, capacity), need in asks:
        words += (unit, rate, capacity, need)
    return words


def read(answer: Sequence[int]) -> tuple[int, list[Fill]]:
    """Give the microsecond by which it was decided, and how each bucket stands."""
    return answer[0], [Fill(*answer[at : at + 3]) for at in range(1, len(answer), 3)]
