"""tasks, failures: what can be submitted, and what went wrong."""

from collections.abc import Mapping
from typing import Any

import click

from app.cli.commands.options import gathered, limit_option
from app.cli.output import Columns, brief
from app.cli.session import Session, connected
from app.client.shapes.failures import Cause
from app.client.shapes.jobs import Task

_TASKS: Columns[Task] = {
    "TASK": lambda task: task["name"],
    "QUEUES": lambda task: ", ".join(task["queues"]),
    "ARGUMENTS": lambda task: _signature(task["args"]),
}
_CAUSES: Columns[Cause] = {
    "FINGERPRINT": lambda cause: cause["fingerprint"],
    "TASK": lambda cause: cause["task"],
    "COUNT": lambda cause: f"{cause['count']}{'' if cause['is_counted'] else '+'}",
    "LAST SEEN": lambda cause: brief(cause["last_seen"]),
    "ERROR": lambda cause: f"{cause['error']['type']}: {cause['error']['message']}",
}


@click.command("tasks")
@connected
async def tasks(session: Session) -> None:
    """List what can be submitted, and with which arguments; those in brackets may be left out."""
    session.out.rows(await session.client.jobs.tasks(), _TASKS, nothing="no tasks")


@click.command("failures")
@limit_option
@connected
async def failures(session: Session, *, limit: int) -> None:
    """List the causes of failures, the one seen last first. `switchyard retry --cause` runs all of one once more."""
    causes = await gathered(session.client.failures.list(most=limit))
    session.out.rows(causes, _CAUSES, nothing="no failures")


def _signature(schema: Mapping[str, Any]) -> str:
    needed = schema.get("required", ())
    names = (name if name in needed else f"[{name}]" for name in schema.get("properties", {}))
    return " ".join(names)
