"""Quotas."""

from app.api import quota
from app.openapi.operation import Answer, Operation, Operations
from app.problems import FORBIDDEN, NOT_FOUND
from app.schemas.requests import OverridesBody, QuotaQuery
from app.schemas.shapes.quota import QuotaView

QUOTA: Operations = {
    quota.show_quota: Operation(
        summary="Show a quota",
        description="One's own; for administrators also that of an `owner`.",
        answers={200: Answer(meaning="What he may have, and has", shape=QuotaView)},
        query=QuotaQuery,
        problems=(FORBIDDEN, NOT_FOUND),
    ),
    quota.change_quota: Operation(
        summary="Give somebody numbers of his own",
        description="What is left out stays; null is what his tier gives. In force at once. For administrators.",
        answers={200: Answer(meaning="What he may have from now on", shape=QuotaView)},
        body=OverridesBody,
        problems=(FORBIDDEN,),
        example={"max_running": 20, "max_waiting": None},
    ),
}
