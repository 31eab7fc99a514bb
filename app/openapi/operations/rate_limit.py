"""Rate limits."""

from app.api import rate_limit
from app.openapi.operation import ETAG, IF_MATCH, Answer, Operation, Operations
from app.problems import FORBIDDEN, PRECONDITION_FAILED, PRECONDITION_REQUIRED
from app.schemas.limits import DenialsQuery, LimitsBody, StatisticsQuery
from app.schemas.shapes.rate_limits import AnomalyList, DenialList, LimitsView, OwnLimitsView, StatisticsView

RATE_LIMIT: Operations = {
    rate_limit.show_limits: Operation(
        summary="Show the limits in force",
        description="For administrators.",
        answers={200: Answer(meaning="All limits, and which version they are", shape=LimitsView, headers=(ETAG,))},
        problems=(FORBIDDEN,),
    ),
    rate_limit.change_limits: Operation(
        summary="Change the limits",
        description="All of them at once, in force in every process within a second; what was used stays used. "
        "For administrators.",
        headers=(IF_MATCH,),
        body=LimitsBody,
        example={
            "tiers": {
                "admin": {"default": "200/minute", "data_sync": "100/minute", "auth": "20/minute"},
                "premium": {"default": "100/minute", "data_sync": "50/minute", "auth": "10/minute"},
                "normal": {"default": "60/minute burst 20", "data_sync": "30/minute", "auth": "5/minute"},
                "anonymous": {"default": "30/minute", "data_sync": "10/minute", "auth": "3/minute"},
            },
            "endpoints": {"sync_single": "10/minute", "sync_batch": "5/minute", "sync_full": "3/minute"},
            "ip_guard": "600/minute",
        },
        answers={200: Answer(meaning="The limits, in force from now on", shape=LimitsView, headers=(ETAG,))},
        problems=(FORBIDDEN, PRECONDITION_FAILED, PRECONDITION_REQUIRED),
    ),
    rate_limit.show_own_limits: Operation(
        summary="Show one's own limits",
        description="Whose limits count, and how the buckets stand. Looking at them is charged like any request.",
        answers={200: Answer(meaning="Tier, key and buckets", shape=OwnLimitsView)},
    ),
    rate_limit.show_statistics: Operation(
        summary="Show what was asked for",
        description="All web processes together, by minute and route, for the last hour. For administrators.",
        query=StatisticsQuery,
        answers={200: Answer(meaning="Requests that were allowed, denied, and not limited", shape=StatisticsView)},
        problems=(FORBIDDEN,),
    ),
    rate_limit.clear_statistics: Operation(
        summary="Clear statistics, events and anomalies",
        description="What was counted in the last second may still be added. For administrators.",
        answers={204: Answer(meaning="They begin anew", media_types=())},
        problems=(FORBIDDEN,),
    ),
    rate_limit.list_denials: Operation(
        summary="List the last denials",
        description="For administrators.",
        query=DenialsQuery,
        answers={200: Answer(meaning="Whom which limit denied what", shape=DenialList)},
        problems=(FORBIDDEN,),
    ),
    rate_limit.list_anomalies: Operation(
        summary="List who asks for far more than he used to",
        description="Sixty requests in a minute or more, and over five times the average of the key's own last hour. "
        "For administrators.",
        answers={200: Answer(meaning="Keys, the worst first", shape=AnomalyList)},
        problems=(FORBIDDEN,),
    ),
}
