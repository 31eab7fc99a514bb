"""Structured logs for a whole process: structlog's own and those of the libraries, in one shape."""

import contextlib
import io
import logging
import sys
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

import orjson
import structlog
from structlog.contextvars import get_contextvars
from structlog.dev import plain_traceback
from structlog.typing import EventDict, Processor

_UTC = "+00:00"

# arq writes each job's arguments, result and traceback as prose; what the executor logs says it in fields.
_QUIET = {"arq": logging.CRITICAL, "uvicorn.access": logging.WARNING}


class Lines:
    """Writes finished lines. The detour by the standard library's loggers would cost four times as much a line."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        """Write a line at once: a process that is killed has said what it has done.

        One that cannot be written, as the disk is full or nobody reads, is lost: what it tells of goes on.
        """
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()

    debug = info = warning = error = critical = msg


class About(Protocol):
    """What a line may be about. It is asked for its fields when a line is written: most that are not cost nothing."""

    @property
    def fields(self) -> Mapping[str, object]:
        """What each line about it says."""


class Named(Protocol):
    """What says whose lines they are."""

    @property
    def name(self) -> str:
        """The name of a module."""


_process: ContextVar[Mapping[str, object]] = ContextVar("process", default={})  # noqa: B039  nobody changes it
_about: ContextVar[About | None] = ContextVar("about", default=None)


def log_as(**fields: object) -> None:
    """Add these to all that is logged from here on, in this task and all that are begun from now on: who speaks."""
    _process.set(fields)


def log_about(one: About) -> None:
    """Add its fields to all that the current task logs: a request, or the run of a job; one at a time.

    A single line from elsewhere says `about=one`. That is one step, where structlog's binding takes one for each field.
    """
    _about.set(one)


def _complete(logger: Named, method: str, event: EventDict) -> EventDict:
    """Add all that a line says beside its event, in one step: structlog's processors for it would cost twice as much.

    A line of the standard library's loggers comes with its record, and without a logger.
    """
    about, record = event.pop("about", None) or _about.get(), event.get("_record")
    return {
        **get_contextvars(),  # what a task may have bound by structlog
        **_process.get(),
        **(about.fields if about is not None else {}),
        **event,
        "level": method,
        "logger": (logger if record is None else record).name,
        "timestamp": datetime.now(UTC),
    }


class _Straight:
    """Makes a line by one call; to go through processors, as structlog does, would cost half as much again.

    A logger that somebody has given processors of his own goes through those.
    """

    # structlog's
    _logger: Lines
    _context: Mapping[str, object]
    _processors: Sequence[Processor]

    def _proxy_to_logger(self, method: str, event: str | None = None, /, **fields: object) -> None:
        if self._processors:
            super()._proxy_to_logger(method, event, **fields)  # type: ignore[misc]
            return
        line = _complete(self._logger, method, {**self._context, **fields, "event": event})
        for processor in _TRACEBACKS if "exc_info" in fields or "stack_info" in fields else ():
            line = processor(self._logger, method, line)
        self._logger.msg(_as_json(self._logger, method, line))


def _readable(_: object, __: str, event: EventDict) -> EventDict:
    """Write the moment out, as orjson does by itself."""
    event["timestamp"] = f"{event['timestamp'].isoformat()[: -len(_UTC)]}Z"
    return event


_STACK = structlog.processors.StackInfoRenderer()
_TRACEBACKS = (_STACK, structlog.processors.format_exc_info)
_SHARED: tuple[Processor, ...] = (_complete, _STACK)


def configure_logs(*, form: Literal["json", "console"], level: str) -> None:
    """Send all logs to standard output, one line an event, with the context that is bound to the task.

    `form` "json" is for machines, "console" for people. May be called again: the last call counts.
    """
    is_json = form == "json"
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # not every system speaks UTF-8
    kind: Any = structlog.make_filtering_bound_logger(level)  # what is not logged costs next to nothing
    last: tuple[Processor, ...] = (
        (structlog.processors.format_exc_info, _as_json)
        if is_json
        # Plain tracebacks: the rich ones take a second each, and print the values of variables.
        else (
            _readable,
            structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=plain_traceback),
        )
    )
    structlog.configure(
        processors=[] if is_json else [*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=Lines if is_json else structlog.stdlib.LoggerFactory(),
        wrapper_class=type("Straight", (_Straight, kind), {}) if is_json else kind,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, root.level))
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True


def _as_json(logger: object, method: str, event: EventDict) -> str:
    try:
        return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z).decode()
    except TypeError:  # a lone surrogate, or a number of more than 64 bits
        return str(structlog.processors.JSONRenderer()(logger, method, _readable(logger, method, event)))
