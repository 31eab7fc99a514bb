"""The settings of the job engine, read from the environment once, at the start of a process."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from jobs.addresses import check_database_url, redis_address
from jobs.amendments import Amendments
from jobs.environment import EnvironmentModel, read
from jobs.inventory import StockColumns
from jobs.quota import Tiers

PREFIX = "JOBS_"

LogFormat = Literal["json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]


def _listed(value: object) -> object:
    """Split what stands between commas; empty items do not count."""
    if isinstance(value, str):
        return tuple(item for part in value.split(",") if (item := part.strip()))
    return value


def _tiers(value: object) -> object:
    return Tiers.parse(value) if isinstance(value, str) else value


def _amendments(value: object) -> object:
    return Amendments.parse(value) if isinstance(value, str) else value


def _stock_columns(value: object) -> object:
    return StockColumns.parse(value) if isinstance(value, str) else value


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"there is no time zone {name!r}; write it like Europe/Berlin") from None
    return name


def _read_by(reader: Callable[[str], object]) -> BeforeValidator:
    """Let `reader` raise ValueError for what is wrong with a URL."""

    def check(value: object) -> object:
        if isinstance(value, str):
            reader(value)
        return value

    return BeforeValidator(check)


DatabaseUrl = Annotated[SecretStr, _read_by(check_database_url)]
RedisUrl = Annotated[SecretStr, _read_by(redis_address)]


class JobsSettings(EnvironmentModel):
    """Where the stores are, which tasks there are, and how a worker behaves."""

    database_url: DatabaseUrl = Field(alias="DATABASE_URL", description="PostgreSQL 14 or newer")
    redis_url: RedisUrl = Field(
        alias="REDIS_URL",
        description="Redis 6.2 or newer, or Valkey: `redis://`, `rediss://`, `unix://`, `redis+sentinel://` or "
        "`rediss+sentinel://`",
    )
    task_lists: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(),
        alias="JOBS_TASKS",
        description="Task lists of your own, `package.module:TASKS`, separated by commas",
    )
    schedule_lists: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(),
        alias="JOBS_SCHEDULES",
        description="Lists of schedules, `package.module:SCHEDULES`, separated by commas",
    )
    timetable: Annotated[Amendments, BeforeValidator(_amendments)] = Field(
        default=Amendments(),
        alias="JOBS_TIMETABLE",
        description="What differs from the shipped timetable, `backup_database=30 4 * * *; canary=off`, separated by "
        "semicolons; `off`: nothing of it runs but what is named",
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC",
        alias="JOBS_TIMEZONE",
        description="The time zone that the times of the shipped timetable are read in, like `Asia/Shanghai`",
    )
    diagnostics: bool = Field(
        default=False,
        alias="JOBS_DIAGNOSTICS",
        description="Adds the `diag.*` tasks for smoke and load tests",
    )
    data_dir: Path = Field(
        default=Path("data"),
        alias="JOBS_DATA_DIR",
        description="Folder of the uploaded files; web and workers must see the same one",
    )
    media_dir: Path | None = Field(
        default=None,
        alias="JOBS_MEDIA_DIR",
        description="Folder of the product images; web and workers must see the same one. "
        "None: `media` beside JOBS_DATA_DIR",
    )
    stock_columns: Annotated[StockColumns, BeforeValidator(_stock_columns)] = Field(
        default=StockColumns(),
        alias="JOBS_STOCK_COLUMNS",
        description="What columns of inventory files are called beside their built-in names, "
        "`stock=on shelf, 货架; safety_stock=least`: `sku`, `warehouse`, `stock` and `safety_stock`",
    )
    backup_dir: Path | None = Field(
        default=None,
        alias="JOBS_BACKUP_DIR",
        description="Folder of the backups, one for all workers of the queue `scheduled`; without one none are made",
    )
    backup_keep: int = Field(
        default=7,
        ge=1,
        le=10_000,
        alias="JOBS_BACKUP_KEEP",
        description="How many backups are kept, the newest, whatever their age",
    )
    postgres_bin: Path | None = Field(
        default=None,
        alias="JOBS_POSTGRES_BIN",
        description="Folder of pg_dump and pg_restore, of the server's version or newer; without one those on PATH",
    )
    drain_s: float = Field(
        default=25.0,
        ge=0,
        alias="JOBS_DRAIN_S",
        description="Seconds that a stopping worker lets its jobs go on before it hands them back",
    )
    lease_ms: int = Field(
        default=15_000,
        ge=100,
        le=600_000,
        alias="JOBS_LEASE_MS",
        description="Milliseconds after which a job whose worker is silent goes to another",
    )
    renew_ms: int = Field(
        default=5_000,
        ge=30,
        le=200_000,
        alias="JOBS_RENEW_MS",
        description="Milliseconds between two renewals of a worker's leases; at most a third of JOBS_LEASE_MS",
    )
    step_ms: int = Field(
        default=600_000,
        ge=0,
        le=86_400_000,
        alias="JOBS_STEP_MS",
        description="Milliseconds of waiting that one level of priority is worth",
    )
    turn_ms: int = Field(
        default=30_000,
        ge=1,
        le=86_400_000,
        alias="JOBS_TURN_MS",
        description="Milliseconds that a job is taken to run while its task has neither `typical_s` nor been measured",
    )
    quotas: Annotated[Tiers, BeforeValidator(_tiers)] = Field(
        default=Tiers(),
        alias="JOBS_QUOTAS",
        description="Of each tier, how many jobs of an owner run at once, in all queues together (more wait), and how "
        "many may be unfinished (more are refused with 429)",
    )
    history_days: int = Field(
        default=90,
        ge=0,
        le=36_500,
        alias="JOBS_HISTORY_DAYS",
        description="Days after its end that PostgreSQL keeps a job. 0: for ever",
    )
    audit_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        alias="JOBS_AUDIT_DAYS",
        description="Days that PostgreSQL keeps who did what, the audit log. 0: for ever",
    )
    images_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        alias="JOBS_IMAGES_DAYS",
        description="Days that product images, after a file has last shown them, and profiles of workbooks are kept. "
        "0: for ever",
    )
    stream_max: int = Field(
        default=1_000_000,
        ge=100,
        alias="JOBS_STREAM_MAX",
        description="Entries of the event stream in Redis, written or not, above which submissions get 503",
    )
    cache_patience_ms: int = Field(
        default=250,
        ge=10,
        le=60_000,
        alias="JOBS_CACHE_PATIENCE_MS",
        description="Milliseconds that who reads a cached list waits for Redis before PostgreSQL is asked",
    )
    processes: int = Field(
        default=os.cpu_count() or 1,
        ge=1,
        le=256,
        alias="JOBS_PROCESSES",
        description="Child processes of a worker for tasks that are plain functions",
    )
    child_memory_mb: int = Field(
        default=0,
        ge=0,
        le=1_048_576,
        alias="JOBS_CHILD_MEMORY_MB",
        description="Address space of such a child in MiB, of which 200 go to Python itself; 0: no limit. Not on macOS",
    )
    loads_at_once: int = Field(
        default=0,
        ge=0,
        le=1_000,
        alias="JOBS_LOADS",
        description="Files that PostgreSQL loads at once, of all workers together; others wait. "
        "0: one less than the worker's machine has processors, at least one",
    )
    stock_slots: int = Field(
        default=10,
        ge=1,
        le=10_000,
        alias="JOBS_STOCK_SLOTS",
        description="Jobs that a stock arq worker, `arq jobs.stock.DataSync`, runs at once",
    )
    log_format: LogFormat = Field(
        default="json", alias="JOBS_LOG_FORMAT", description="Logs of the worker: `json` or `console`"
    )
    log_level: LogLevel = Field(
        default="info", alias="JOBS_LOG_LEVEL", description="`debug`, `info`, `warning` or `error`"
    )

    @property
    def cache_patience_s(self) -> float:
        """The same in seconds."""
        return self.cache_patience_ms / 1000

    @property
    def loads(self) -> int:
        """How many files PostgreSQL loads at once: what is set, else one less than there are processors here."""
        return self.loads_at_once or max((os.cpu_count() or 1) - 1, 1)

    @property
    def media_folder(self) -> Path:
        """Where the product images are: what is set, else `media` beside the uploaded files."""
        return self.data_dir.resolve().parent / "media" if self.media_dir is None else self.media_dir

    @model_validator(mode="after")
    def _renewed_in_time(self) -> Self:
        """Two renewals may get lost before a lease does."""
        if 3 * self.renew_ms > self.lease_ms:
            raise ValueError("JOBS_RENEW_MS must be at most a third of JOBS_LEASE_MS")
        return self


def load_settings(environ: Mapping[str, str]) -> JobsSettings:
    """Read the settings of this package; raises SettingsError with every mistake."""
    return read(JobsSettings, environ, prefix=PREFIX)
