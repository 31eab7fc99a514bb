"""The limits as one document, in words that people write: it is validated whole, or refused whole."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ratelimit.bucket import Limit
from ratelimit.notation import parse_limits
from ratelimit.policy import Category, Endpoint, Limits, Tier


def parse_limit(text: str) -> Limit:
    """Read one limit. Raises ValueError, also where there are several."""
    limits = parse_limits(text)
    if len(limits) > 1:
        raise ValueError(f"{text!r} is more than one limit, and here is place for one")
    return limits[0]


def _checked(text: str) -> str:
    parse_limit(text)
    return text


# What the notation asks for, as far as a pattern can say it.
_PATTERN = r"^\s*[1-9][0-9]*\s*(/|per)\s*([1-9][0-9]*\s*)?(second|minute|hour|day)s?(\s+burst\s+[1-9][0-9]*)?\s*$"

LimitText = Annotated[
    str,
    Field(max_length=100, json_schema_extra={"pattern": _PATTERN}, description="Such as `200/minute burst 40`."),
    AfterValidator(_checked),
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TierDocument(_Part):
    """What one tier may do, by category."""

    default: LimitText
    data_sync: LimitText
    auth: LimitText


class TiersDocument(_Part):
    """What each tier may do."""

    admin: TierDocument
    premium: TierDocument
    normal: TierDocument
    anonymous: TierDocument


class EndpointsDocument(_Part):
    """What each user may ask of single endpoints."""

    sync_single: LimitText
    sync_batch: LimitText
    sync_full: LimitText


class LimitsDocument(_Part):
    """All limits."""

    tiers: TiersDocument
    endpoints: EndpointsDocument
    ip_guard: LimitText

    def limits(self) -> Limits:
        """Give what it says."""
        return Limits(
            tiers={tier: _parsed(getattr(self.tiers, tier)) for tier in Tier},
            endpoints={endpoint: parse_limit(getattr(self.endpoints, endpoint)) for endpoint in Endpoint},
            ip_guard=parse_limit(self.ip_guard),
        )


def _parsed(tier: TierDocument) -> dict[Category, Limit]:
    return {category: parse_limit(getattr(tier, category)) for category in Category}
