"""What the child process is asked to do. It crosses the pipe as one line of JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jobs.tasks.data_processing.limits import PictureLimits, ProfileLimits
from jobs.tasks.data_sync.model import FileFormat
from jobs.tasks.data_sync.reader import request as reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """Keep the pictures of a file below `media`. `reading` says how the file is read."""

    reading: reading.Request
    sku_field: str
    media: Path
    limits: PictureLimits

    def to_line(self) -> bytes:
        """Encode as one line."""
        own = {"sku_field": self.sku_field, "media": str(self.media), "limits": asdict(self.limits)}
        return _line("extraction", own | {"reading": self.reading.to_line().decode()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiling:
    """Profile a workbook, or a csv as one of one sheet."""

    path: Path
    format: FileFormat
    limits: ProfileLimits

    def to_line(self) -> bytes:
        """Encode as one line."""
        return _line("profiling", {"path": str(self.path), "format": self.format, "limits": asdict(self.limits)})


Request = Extraction | Profiling


def from_line(line: bytes) -> Request:
    """Decode what `to_line` made."""
    fields = json.loads(line)
    if fields.pop("work") == "profiling":
        return Profiling(
            path=Path(fields["path"]), format=FileFormat(fields["format"]), limits=ProfileLimits(**fields["limits"])
        )
    return Extraction(
        reading=reading.from_line(fields["reading"].encode()),
        sku_field=fields["sku_field"],
        media=Path(fields["media"]),
        limits=PictureLimits(**fields["limits"]),
    )


def _line(work: str, fields: dict[str, Any]) -> bytes:
    return json.dumps({"work": work, **fields}).encode() + b"\n"
