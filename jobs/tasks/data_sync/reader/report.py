"""What a reading says of the whole file at its end. It crosses the pipe as JSON."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReport:
    """What was read.

    `read`: rows given out. `currency`: the one ISO 4217 code that the headers name, else None. `sheet`: the name of
    the sheet, None for csv and HTML. `encoding`: of a csv or HTML page, None for workbooks. `merged`: the ranges of
    data cells that were filled because they are merged, such as "C7:D8"; at most 100 of `merged_total`.
    """

    read: int
    currency: str | None
    sheet: str | None
    encoding: str | None
    merged: tuple[str, ...]
    merged_total: int

    def to_json(self) -> bytes:
        """Encode for the pipe."""
        return json.dumps(asdict(self)).encode()


def from_json(body: bytes) -> ReadReport:
    """Decode what `to_json` made."""
    fields = json.loads(body)
    return ReadReport(**fields | {"merged": tuple(fields["merged"])})
