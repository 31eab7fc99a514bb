"""The settings of the limits: what is in force until an administrator changes it. The composition root reads them."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ratelimit.document import LimitsDocument, parse_limit
from ratelimit.policy import POLICIES, Category, Endpoint, Tier

PREFIX: Final = "RATELIMIT_"

WhenAwayWord = Literal["local", "open", "closed"]
_WORDS: Final = ("local", "open", "closed")

TIERS: Final[Mapping[Tier, Mapping[Category, str]]] = {
    Tier.ADMIN: {Category.DEFAULT: "200/minute", Category.DATA_SYNC: "100/minute", Category.AUTH: "20/minute"},
    Tier.PREMIUM: {Category.DEFAULT: "100/minute", Category.DATA_SYNC: "50/minute", Category.AUTH: "10/minute"},
    Tier.NORMAL: {Category.DEFAULT: "60/minute", Category.DATA_SYNC: "30/minute", Category.AUTH: "5/minute"},
    Tier.ANONYMOUS: {Category.DEFAULT: "30/minute", Category.DATA_SYNC: "10/minute", Category.AUTH: "3/minute"},
}
ENDPOINTS: Final[Mapping[Endpoint, str]] = {
    Endpoint.SYNC_SINGLE: "10/minute",
    Endpoint.SYNC_BATCH: "5/minute",
    Endpoint.SYNC_FULL: "3/minute",
}


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Give what stands between commas as name and value; raises ValueError."""
    for part in text.split(","):
        if not part.strip():
            continue
        name, is_pair, value = part.partition("=")
        if not is_pair:
            raise ValueError(f"{part.strip()!r} is not of the form name=value")
        yield name.strip(), value.strip()


def _known(name: str, names: tuple[str, ...]) -> str:
    if name not in names:
        raise ValueError(f"there is no {name!r}; there are: {', '.join(names)}")
    return name


_CELLS: Final = tuple(f"{tier}.{category}" for tier in Tier for category in Category)


def _tiers(text: str) -> str:
    for name, limit in _pairs(text):
        _known(name, _CELLS)
        parse_limit(limit)
    return text


def _endpoints(text: str) -> str:
    for name, limit in _pairs(text):
        _known(name, tuple(Endpoint))
        parse_limit(limit)
    return text


def _when_away(text: str) -> str:
    for name, word in _pairs(text):
        _known(name, POLICIES)
        _known(word, _WORDS)
    return text


def _limit(text: str) -> str:
    parse_limit(text)
    return text


LimitText = Annotated[str, AfterValidator(_limit)]


class RateLimitSettings(BaseModel):
    """How much anybody may ask for; each field's alias is the variable that it is read from."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    tiers: Annotated[str, AfterValidator(_tiers)] = Field(
        default="",
        alias="RATELIMIT_TIERS",
        description="What differs from the table of limits: `admin.default=400/minute burst 50, normal.auth=3/minute`",
    )
    endpoints: Annotated[str, AfterValidator(_endpoints)] = Field(
        default="",
        alias="RATELIMIT_ENDPOINTS",
        description="What differs of the limits of single endpoints: `sync_single=20/minute, sync_full=1/hour`",
    )
    ip_guard: LimitText = Field(
        default="600/minute",
        alias="RATELIMIT_IP_GUARD",
        description="What all together may ask for who call from one address, logged in or not",
    )
    when_away: Annotated[str, AfterValidator(_when_away)] = Field(
        default="",
        alias="RATELIMIT_WHEN_AWAY",
        description="What decides by policy while Redis is away, as `auth=closed, default=open`; `local`, a bucket in "
        "each process, for those that are not named",
    )
    deadline_ms: int = Field(
        default=100,
        ge=10,
        le=10_000,
        alias="RATELIMIT_DEADLINE_MS",
        description="Milliseconds that a request waits for Redis' decision; then Redis is away",
    )
    draft_headers: bool = Field(
        default=True,
        alias="RATELIMIT_DRAFT_HEADERS",
        description="Whether answers have `RateLimit` and `RateLimit-Policy` of the IETF's draft 10 too",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        self.document()
        return self

    def document(self) -> LimitsDocument:
        """Give the limits that are in force unless somebody has changed them."""
        changed: dict[str, Any] = {tier: dict(limits) for tier, limits in TIERS.items()}
        for name, limit in _pairs(self.tiers):
            tier, _, category = name.partition(".")
            changed[tier][category] = limit
        return LimitsDocument.model_validate(
            {
                "tiers": changed,
                "endpoints": {**ENDPOINTS, **dict(_pairs(self.endpoints))},
                "ip_guard": self.ip_guard,
            }
        )

    @property
    def deadline_s(self) -> float:
        """How long a request waits for a decision."""
        return self.deadline_ms / 1000

    @property
    def patience_s(self) -> float:
        """How long a connection waits for Redis: longer, so that a slow process is not taken for a silent Redis."""
        return 5 * self.deadline_s

    def words_when_away(self) -> Mapping[str, str]:
        """Give what decides while Redis is away, by policy; `local` for those that are not there."""
        return dict(_pairs(self.when_away))
