"""The settings of a web process: its own and, beside them, those of the job engine that it submits to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr

from app.addresses import read_networks
from jobs.environment import EnvironmentModel, read
from jobs.errors import SettingsError
from jobs.settings import PREFIX as JOBS
from jobs.settings import JobsSettings, LogFormat, LogLevel
from ratelimit.settings import PREFIX as RATE_LIMITS
from ratelimit.settings import RateLimitSettings

PREFIX = "APP_"
SHORTEST_KEY = 32
SHORTEST_TOKEN = 16


def _at_least(shortest: int) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and len(value) < shortest:
            raise ValueError(f"has {len(value)} characters; use a random one of {shortest} or more")
        return value

    return BeforeValidator(check)


def _listed(value: object) -> object:
    """Split what stands between commas; empty items do not count."""
    if isinstance(value, str):
        return tuple(item for part in value.split(",") if (item := part.strip()))
    return value


def _networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    read_networks(texts)
    return texts


class AppSettings(EnvironmentModel):
    """How the web process behaves."""

    admin_api_key: Annotated[SecretStr, _at_least(SHORTEST_KEY)] = Field(
        alias="APP_ADMIN_API_KEY",
        description=f"The administrator's API key, any string of {SHORTEST_KEY} characters or more",
    )
    session_hours: float = Field(
        default=12.0,
        gt=0,
        le=8760,
        alias="APP_SESSION_HOURS",
        description="Hours that one stays logged in by username and password",
    )
    metrics_token: Annotated[SecretStr | None, _at_least(SHORTEST_TOKEN)] = Field(
        default=None,
        alias="APP_METRICS_TOKEN",
        description=f"Bearer token for `/metrics`, {SHORTEST_TOKEN} characters or more; open to all without one",
    )
    log_format: LogFormat = Field(
        default="json", alias="APP_LOG_FORMAT", description="Logs of the web process: `json` or `console`"
    )
    log_level: LogLevel = Field(
        default="info", alias="APP_LOG_LEVEL", description="`debug`, `info`, `warning` or `error`"
    )
    database_connections: int = Field(
        default=10, ge=2, le=1000, alias="APP_DATABASE_CONNECTIONS", description="Most connections of one web process"
    )
    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_networks)] = Field(
        default=(),
        alias="APP_TRUSTED_PROXIES",
        description="Networks of proxies that are believed where requests come from, separated by commas: "
        "`10.0.0.0/8, 192.0.2.7`; `unix` for a Unix socket",
    )
    forwarded_header: Literal["X-Forwarded-For", "Forwarded"] = Field(
        default="X-Forwarded-For",
        alias="APP_FORWARDED_HEADER",
        description="The header in which they say so: `X-Forwarded-For` or `Forwarded`",
    )
    patience_s: float = Field(
        default=5.0,
        gt=0,
        le=60,
        alias="APP_STORE_PATIENCE_S",
        description="Seconds that a request waits for PostgreSQL before it does without, or answers 503",
    )


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that a web process is told."""

    app: AppSettings
    jobs: JobsSettings
    rate_limits: RateLimitSettings


def load_all(environ: Mapping[str, str]) -> Settings:
    """Read the settings of every package; raises one SettingsError with the mistakes of all of them."""
    mistakes: list[str] = []

    def read_one(model: type[Model], prefix: str) -> Model | None:
        try:
            return read(model, environ, prefix=prefix)
        except SettingsError as error:
            mistakes.append(str(error))
            return None

    app = read_one(AppSettings, PREFIX)
    jobs = read_one(JobsSettings, JOBS)
    rate_limits = read_one(RateLimitSettings, RATE_LIMITS)
    if app is None or jobs is None or rate_limits is None:
        raise SettingsError("\n".join(mistakes))
    return Settings(app=app, jobs=jobs, rate_limits=rate_limits)
