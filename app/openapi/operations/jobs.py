"""Jobs and tasks."""

from app.api import jobs
from app.openapi.operation import IDEMPOTENCY_KEY, LOCATION, REPLAYED, Answer, Operation, Operations
from app.problems import CONFLICT, FORBIDDEN, MISMATCH, QUOTA
from app.schemas.requests import CancelQuery, JobBody, JobQuery, JobsQuery
from app.schemas.shapes.jobs import CancellationView, JobList, JobView, TaskList, TriedJobView

JOBS: Operations = {
    jobs.submit_job: Operation(
        summary="Submit a job",
        description="`GET /api/tasks` has the names of the tasks and the JSON Schemas of their `args`.",
        headers=(IDEMPOTENCY_KEY,),
        body=JobBody,
        example={"task": "sync_file", "args": {"file_id": "0b9a7c52-7f6e-4a57-9f0e-3d1f6c1f2a10"}, "priority": 7},
        answers={
            202: Answer(meaning="The job: it will run", shape=JobView, headers=(LOCATION, REPLAYED)),
            200: Answer(
                meaning="The unfinished job that has the same `unique_key`",
                shape=JobView,
                headers=(LOCATION, REPLAYED),
            ),
        },
        problems=(CONFLICT, MISMATCH, QUOTA),
    ),
    jobs.list_jobs: Operation(
        summary="List jobs",
        description="As PostgreSQL has them, to which the history comes within a second or so; the states are those of "
        "now. A page may have few jobs, or none, and yet a next one.",
        query=JobsQuery,
        answers={200: Answer(meaning="A page, newest first", shape=JobList)},
        problems=(FORBIDDEN,),
    ),
    jobs.show_job: Operation(
        summary="Show a job",
        query=JobQuery,
        answers={200: Answer(meaning="The job as it is now, or as it ended, and its tries", shape=TriedJobView)},
    ),
    jobs.cancel_job: Operation(
        summary="Cancel a job",
        description="A running job is told within a second. Doing it again is no mistake.",
        query=CancelQuery,
        answers={200: Answer(meaning="What became of the wish", shape=CancellationView)},
    ),
    jobs.retry_job: Operation(
        summary="Run a job once more",
        description="One that has failed, was cancelled or has expired. It keeps its id; its tries are counted anew.",
        answers={202: Answer(meaning="The job: it will run", shape=JobView)},
        problems=(CONFLICT, QUOTA),
    ),
    jobs.list_tasks: Operation(
        summary="List the tasks",
        description="What can be submitted, each with the JSON Schema of its arguments.",
        answers={200: Answer(meaning="All tasks", shape=TaskList)},
    ),
}
