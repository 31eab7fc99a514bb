"""What the reading process is asked to do. It crosses the pipe as one line of JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import DateRule, FileFormat, Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One file to read, and how. A layout that cannot work is a mistake of the caller: ValueError.

    With `shown` it is not loaded: so many rows are shown as they stand, whatever the layout's fields are.
    """

    path: Path
    format: FileFormat
    layout: Layout
    limits: ReadLimits
    shown: int | None = None

    def __post_init__(self) -> None:
        """Refuse key or date fields that are no fields, and fields that come twice."""
        layout = self.layout
        if self.shown is not None:
            return
        known = set(layout.fields)
        unknown = {*layout.key_fields, layout.date_rule.field} - known
        if unknown or len(known) < len(layout.fields) or not layout.key_fields or layout.header_row < 1:
            raise ValueError(f"the layout cannot work; fields that it lacks: {sorted(unknown)}; {layout}")

    def to_line(self) -> bytes:
        """Encode as one line."""
        return json.dumps(asdict(self) | {"path": str(self.path)}).encode() + b"\n"


def from_line(line: bytes) -> Request:
    """Decode what `to_line` made."""
    fields = json.loads(line)
    layout = fields["layout"]
    for name in ("fields", "key_fields", "required_fields"):
        layout[name] = tuple(layout[name])
    layout["date_rule"] = DateRule(**layout["date_rule"])
    return Request(
        path=Path(fields["path"]),
        format=FileFormat(fields["format"]),
        layout=Layout(**layout),
        limits=ReadLimits(**fields["limits"]),
        shown=fields["shown"],
    )
