"""The bodies and queries of the rate limits, as types that validate."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.schemas.requests import Body
from ratelimit.document import LimitsDocument
from ratelimit.ledger import KEPT_MINUTES


class LimitsBody(Body, LimitsDocument):
    """PUT /api/rate-limit/config. All limits: what is left out is a mistake."""


class StatisticsQuery(Body):
    """GET /api/rate-limit/stats."""

    model_config = ConfigDict(strict=False)

    minutes: Annotated[int, Field(ge=1, le=KEPT_MINUTES)] = Field(
        KEPT_MINUTES, description="How many minutes back, with the one that is not over."
    )


class DenialsQuery(Body):
    """GET /api/rate-limit/events."""

    model_config = ConfigDict(strict=False)

    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
