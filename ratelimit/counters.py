"""What became of Redis and of debts since this process began, in numbers that only grow; it shows them to nobody.

What became of requests is the ledger's.
"""

from collections import Counter
from enum import StrEnum


class Cause(StrEnum):
    """Why Redis is asked no more."""

    TIMEOUT = "timeout"
    ERROR = "error"


class Counters:
    """The numbers of one process.

    `outages` counts by cause how often Redis was given up, `settled_tokens` what was charged in Redis afterwards,
    `unsettled_buckets` those that could not be, because too many were used meanwhile.
    """

    def __init__(self) -> None:
        self.outages: Counter[Cause] = Counter()
        self.settled_tokens = 0
        self.unsettled_buckets = 0
