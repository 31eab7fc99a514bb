"""Live events. OpenAPI has no words for what is in a stream: the descriptions say it."""

from app.api import events
from app.openapi.operation import LAST_EVENT_ID, Answer, Operation, Operations
from app.schemas.requests import EventQuery

_EVENTS = """\
Server-sent events, each with JSON as its data:

- `job` has the fields of a job that have changed, under their names; the first ones have all of them. `seq` rises with
  each change of a job.
- `progress` has `id`, `run` and `progress`, at most four times a second a job.
- `reset` says that what was told before counts no more, and in `reason` why.

A comment is a heart-beat.
"""
_BATCH_EVENTS = """\
- `batch` is the batch with its jobs counted by state, as `show_batch` answers it: first of all, and within a second or
  so of each change, but not twice in half a second.

The rest is as in `follow_jobs`.
"""

EVENTS: Operations = {
    events.follow_job: Operation(
        summary="Follow a job",
        description=f"The job as it is, then what happens to it, up to its end. {_EVENTS}",
        headers=(LAST_EVENT_ID,),
        query=EventQuery,
        answers={
            200: Answer(meaning="Its events", media_types=("text/event-stream",)),
            204: Answer(meaning="Its end has been told already: there is no more to come", media_types=()),
        },
    ),
    events.follow_batch: Operation(
        summary="Follow a batch",
        description="The batch and its unfinished jobs, as far as they are no more than 200; then what happens to any "
        f"of its jobs, up to its end. Beside the events of these jobs:\n\n{_BATCH_EVENTS}",
        headers=(LAST_EVENT_ID,),
        query=EventQuery,
        answers={
            200: Answer(meaning="Its events", media_types=("text/event-stream",)),
            204: Answer(meaning="Its end has been told already: there is no more to come", media_types=()),
        },
    ),
    events.follow_jobs: Operation(
        summary="Follow all of one's jobs",
        description=f"The unfinished ones, then what happens to any; an administrator's are everybody's. {_EVENTS}",
        headers=(LAST_EVENT_ID,),
        query=EventQuery,
        answers={200: Answer(meaning="Their events", media_types=("text/event-stream",))},
    ),
}
