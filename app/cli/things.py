"""Whether an id is a job's or a batch's: nobody who types one needs to say so."""

from typing import Literal

from app.client import Client, NotFoundError
from app.client.shapes.batches import Batch
from app.client.shapes.jobs import TriedJob

Kind = Literal["job", "batch"]
Found = tuple[Literal["job"], TriedJob] | tuple[Literal["batch"], Batch]


async def find_thing(client: Client, thing_id: str) -> Found:
    """Give the job or the batch of this id. Raises NotFoundError."""
    try:
        return "job", await client.jobs.show(thing_id)
    except NotFoundError as error:
        try:
            return "batch", await client.batches.show(thing_id)
        except NotFoundError:
            raise error from None
