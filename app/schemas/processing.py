"""What the data processing takes: bodies and queries of its endpoints."""

from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas.requests import Body, PageSize, Priority, Word
from jobs.model import DEFAULT_PRIORITY


class ProcessingBody(Body):
    """POST /api/data-processing/images and /api/data-processing/workbooks."""

    file_id: UUID
    priority: Priority = DEFAULT_PRIORITY


class ImagesQuery(Body):
    """GET /api/data-sync/images."""

    model_config = ConfigDict(strict=False)

    platform: Word | None = None
    shop_id: Word | None = None
    sku: Word | None = None
    limit: PageSize = 50
    cursor: UUID | None = Field(None, description="The `next_cursor` of the page before.")
