"""queues, pause, resume, workers."""

import click

from app.cli.output import Columns, brief
from app.cli.session import Session, connected
from app.client.shapes.queues import Pause, Queue, Worker

_QUEUES: Columns[Queue] = {
    "QUEUE": lambda queue: queue["name"],
    "STATE": lambda queue: "paused" if queue["paused"] else "open",
    "READY": lambda queue: queue["ready"],
    "DELAYED": lambda queue: queue["delayed"],
    "PARKED": lambda queue: queue["parked"],
    "RUNNING": lambda queue: f"{queue['running']}/{queue['slots']}",
    "WORKERS": lambda queue: queue["workers"],
    "OLDEST WAIT": lambda queue: None if queue["oldest_wait_s"] is None else f"{queue['oldest_wait_s']:.0f} s",
    "STARTS/S": lambda queue: f"{queue['started_per_s']:.2f}",
}
_WORKERS: Columns[Worker] = {
    "WORKER": lambda worker: worker["name"],
    "HOST": lambda worker: worker["host"],
    "PID": lambda worker: worker["pid"],
    "VERSION": lambda worker: worker["version"],
    "SINCE": lambda worker: brief(worker["started_at"]),
    "QUEUES": lambda worker: ", ".join(
        f"{name} {crew['running']}/{crew['slots']}" for name, crew in worker["queues"].items()
    ),
}


@click.command("queues")
@connected
async def queues(session: Session) -> None:
    """Show how each queue does: what waits in it and why, and how many of its workers' slots are taken."""
    session.out.rows(await session.client.queues.list(), _QUEUES, nothing="no queues")


@click.command("pause")
@click.argument("queue")
@connected
async def pause(session: Session, *, queue: str) -> None:
    """Let nothing of QUEUE start any more; what runs goes on. For administrators."""
    _tell(session, await session.client.queues.pause(queue))


@click.command("resume")
@click.argument("queue")
@connected
async def resume(session: Session, *, queue: str) -> None:
    """Let QUEUE go on. For administrators."""
    _tell(session, await session.client.queues.resume(queue))


@click.command("workers")
@connected
async def workers(session: Session) -> None:
    """List the worker processes that live, with how many of their slots are taken."""
    session.out.rows(await session.client.queues.workers(), _WORKERS, nothing="no worker lives")


def _tell(session: Session, pause: Pause) -> None:
    if session.out.as_json:
        session.out.lines([pause])
    else:
        session.out.say(f"queue {pause['name']} {'is paused' if pause['paused'] else 'goes on'}")
