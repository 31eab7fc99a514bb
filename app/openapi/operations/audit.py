"""The audit log."""

from app.api import audit
from app.openapi.operation import Answer, Operation, Operations
from app.problems import FORBIDDEN
from app.schemas.requests import AuditQuery
from app.schemas.shapes.audit import AuditList

AUDIT: Operations = {
    audit.list_audit: Operation(
        summary="Read who did what",
        description="Who paused queues or let them go on, cancelled or retried jobs, ran schedules, logged in or was "
        "refused, made or changed users and keys. For administrators.",
        query=AuditQuery,
        answers={200: Answer(meaning="A page, newest first", shape=AuditList)},
        problems=(FORBIDDEN,),
    ),
}
