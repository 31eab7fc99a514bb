"""Following jobs and batches to their ends, as a command: it shows them, and says by its status how they ended."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from app.cli.board import Board, counted
from app.cli.output import Output, compact
from app.cli.session import Session
from app.cli.statuses import Status
from app.cli.things import Kind
from app.cli.views import View, view_on
from app.client import Client
from app.client.shapes.batches import Batch
from app.client.shapes.jobs import TriedJob

Followed = tuple[Kind, str]  # and its id


async def watch(session: Session, things: Sequence[Followed]) -> Status:
    """Follow them to their ends. Giving up (Ctrl-C) changes nothing of them, and says so."""
    client, out = session.client, session.out
    try:
        with view_on(out) as view:
            await _all(client, things, view)
    except asyncio.CancelledError:
        ids = " ".join(thing_id for _, thing_id in things)
        # Whoever reads JSON has to know it too.
        out.notes.print(f"No longer watched, but not stopped. To go on watching: switchyard watch {ids}")
        raise
    statuses = [await _ended(client, out, thing) for thing in things]
    return max(statuses, default=Status.DONE)


async def _all(client: Client, things: Sequence[Followed], view: View) -> None:
    following = [asyncio.ensure_future(_one(client, thing, view)) for thing in things]
    try:
        await asyncio.gather(*following)
    finally:
        for one in following:
            one.cancel()
        await asyncio.gather(*following, return_exceptions=True)


async def _one(client: Client, thing: Followed, view: View) -> None:
    kind, thing_id = thing
    board = Board(thing_id, is_batch=kind == "batch")
    events = client.batches.follow(thing_id) if kind == "batch" else client.jobs.follow(thing_id)
    async with aclosing(events):
        async for event in events:
            board.take(event)
            view.show(board, event)


async def _ended(client: Client, out: Output, thing: Followed) -> Status:
    kind, thing_id = thing
    if kind == "batch":
        return _tell_batch(out, await client.batches.show(thing_id))
    return _tell_job(out, await client.jobs.show(thing_id))


def _tell_job(out: Output, job: TriedJob) -> Status:
    """Tell people how a job has ended; give the status that says it."""
    if not out.as_json:
        error, result = job["error"], job["result"]
        if error is not None:
            out.say(f"{job['id']} {job['state']}: {error['type']}: {error['message']}")
            out.note(f"the traceback: switchyard show {job['id']}")
        else:
            out.say(f"{job['id']} {job['state']}" + ("" if result is None else f": {compact(result)}"))
    return Status.DONE if job["state"] == "succeeded" else Status.FAILED


def _tell_batch(out: Output, batch: Batch) -> Status:
    if not out.as_json:
        out.say(f"{batch['id']} {batch['state']}: {counted(batch)}")
        if batch["state"] != "succeeded":
            out.note(f"the others: switchyard list --batch {batch['id']} --state failed")
    return Status.DONE if batch["state"] == "succeeded" else Status.FAILED
