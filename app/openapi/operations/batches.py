"""Batches."""

from app.api import batches
from app.openapi.operation import IDEMPOTENCY_KEY, LOCATION, REPLAYED, Answer, Operation, Operations
from app.problems import CONFLICT, MISMATCH, QUOTA
from app.schemas.requests import BatchBody, BatchesQuery
from app.schemas.shapes.batches import BatchList, BatchView

BATCHES: Operations = {
    batches.submit_batch: Operation(
        summary="Submit a batch of jobs",
        description="All of them or none. `on_complete` is a job that follows, once, when the last of them has "
        "ended in whatever way.",
        headers=(IDEMPOTENCY_KEY,),
        body=BatchBody,
        example={
            "name": "the files of one day",
            "jobs": [{"task": "sync_file", "args": {"file_id": "0b9a7c52-7f6e-4a57-9f0e-3d1f6c1f2a10"}}],
        },
        answers={202: Answer(meaning="The batch: it will run", shape=BatchView, headers=(LOCATION, REPLAYED))},
        problems=(CONFLICT, MISMATCH, QUOTA),
    ),
    batches.list_batches: Operation(
        summary="List the batches",
        description="One's own; an administrator everybody's. Whose they are is tried on some thousand batches a page.",
        query=BatchesQuery,
        answers={200: Answer(meaning="A page, newest first", shape=BatchList)},
    ),
    batches.show_batch: Operation(
        summary="Show a batch",
        description="As PostgreSQL has it, to which the history comes within a second or so.",
        answers={200: Answer(meaning="The batch, its jobs counted by state", shape=BatchView)},
    ),
    batches.cancel_batch: Operation(
        summary="Cancel a batch",
        description="All its jobs that have not ended. Doing it again is no mistake.",
        answers={200: Answer(meaning="The batch", shape=BatchView)},
    ),
    batches.retry_batch: Operation(
        summary="Run what ended badly of a batch once more",
        description="Its jobs that have failed, were cancelled or have expired. What follows it does not come again.",
        answers={202: Answer(meaning="The batch: it is open again", shape=BatchView)},
        problems=(CONFLICT, QUOTA),
    ),
}
