"""The bodies and queries about shops' accounts and component versions, of the same strictness as those of requests."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from app.schemas.requests import Body, Cursor, PageSize, Word
from jobs.tasks.data_sync.component_versions import VersionStatus


def _plain(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds the character NUL; leave it out")
    return text


_PLAIN: dict[str, Any] = {"pattern": r"^[^\u0000]*$"}

Notes = Annotated[str, Field(max_length=2_000, json_schema_extra=_PLAIN), AfterValidator(_plain)]


class ShopBody(Body):
    """POST /api/data-sync/accounts."""

    platform: Word
    shop_id: Word = Field(description="The shop's name on the platform; with that it stays.")
    name: Word = Field(description="What people call it.")
    enabled: bool = True


class ShopChangeBody(Body):
    """PATCH /api/data-sync/accounts/{id}. What is left out stays."""

    name: Word | None = None
    enabled: bool | None = None


class ShopsQuery(Body):
    """GET /api/data-sync/accounts."""

    model_config = ConfigDict(strict=False)

    platform: Word | None = None
    enabled: bool | None = None
    limit: PageSize = 50
    cursor: Cursor | None = None


class ComponentVersionBody(Body):
    """POST /api/data-sync/component-versions."""

    component: Word
    version: Word = Field(description="With the component it stays.")
    status: VersionStatus = VersionStatus.ACTIVE
    notes: Notes = ""


class ComponentVersionChangeBody(Body):
    """PATCH /api/data-sync/component-versions/{id}. What is left out stays."""

    status: VersionStatus | None = None
    notes: Notes | None = None


class ComponentVersionsQuery(Body):
    """GET /api/data-sync/component-versions."""

    model_config = ConfigDict(strict=False)

    component: Word | None = None
    status: VersionStatus | None = None
    limit: PageSize = 50
    cursor: Cursor | None = None
