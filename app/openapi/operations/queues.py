"""Queues and workers."""

from app.api import queues
from app.openapi.operation import Answer, Operation, Operations
from app.problems import FORBIDDEN
from app.schemas.shapes.queues import PauseView, QueueList, WorkerList

QUEUES: Operations = {
    queues.list_queues: Operation(
        summary="List the queues",
        answers={200: Answer(meaning="How each queue does", shape=QueueList)},
    ),
    queues.pause_queue: Operation(
        summary="Pause a queue",
        description="Nothing of it starts any more; what runs goes on. For administrators.",
        answers={200: Answer(meaning="It rests", shape=PauseView)},
        problems=(FORBIDDEN,),
    ),
    queues.resume_queue: Operation(
        summary="Let a queue go on",
        description="For administrators.",
        answers={200: Answer(meaning="It goes on", shape=PauseView)},
        problems=(FORBIDDEN,),
    ),
    queues.list_workers: Operation(
        summary="List the workers",
        answers={200: Answer(meaning="The worker processes that live", shape=WorkerList)},
    ),
}
