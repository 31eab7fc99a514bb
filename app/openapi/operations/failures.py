"""Failures: failed jobs by their cause."""

from app.api import failures
from app.openapi.operation import Answer, Operation, Operations
from app.problems import QUOTA
from app.schemas.requests import CausesQuery, RetryQuery
from app.schemas.shapes.failures import CauseList, RetriedView

FAILURES: Operations = {
    failures.list_causes: Operation(
        summary="List what jobs have failed of",
        description="Failures with one fingerprint share task, error type and place in the code.",
        query=CausesQuery,
        answers={200: Answer(meaning="A page, the cause that was seen last first", shape=CauseList)},
    ),
    failures.retry_cause: Operation(
        summary="Run all that failed of a cause once more",
        description="For ten seconds at most; where some are left, do it again with `next_cursor`.",
        query=RetryQuery,
        answers={202: Answer(meaning="How many will run, and how many are left", shape=RetriedView)},
        problems=(QUOTA,),
    ),
}
