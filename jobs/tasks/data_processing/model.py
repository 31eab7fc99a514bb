"""The records of the data processing: product images and profiles of files. It reads and writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundImage:
    """An image that a file has for a SKU; its bytes are kept. Of each SKU position 0 is the main one."""

    sku: str
    sha256: str
    position: int
    width: int
    height: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """What came of a sheet's pictures. Of the problems some are told and all are counted."""

    sheet: str
    pictures: int
    images: Sequence[FoundImage]
    problems: Sequence[Mapping[str, Any]]
    problems_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductImage:
    """An image of a product, once however many files have it.

    `sha256` is of the picture as it was in the file; width and height, in pixels, and `bytes` are of the JPEG that was
    made of it. Main and position are as in the file that has shown it last.
    """

    id: UUID
    platform: str
    shop_id: str
    sku: str
    sha256: str
    width: int
    height: int
    bytes: int
    is_main: bool
    position: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFilter:
    """Which images to list; None takes all."""

    platform: str | None = None
    shop_id: str | None = None
    sku: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProfile:
    """What is known of a file's content, and since when. `profile` is as the worker's profiling makes it."""

    file_id: UUID
    profile: Mapping[str, Any]
    made_at: datetime
