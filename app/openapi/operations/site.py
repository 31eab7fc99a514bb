"""What lies outside /api: health, metrics, and the page and document that describe the rest."""

from app.api import docs, health, metrics
from app.openapi.operation import Answer, Operation, Operations
from app.problems import UNAUTHENTICATED
from app.schemas.shapes.site import AliveView, ReadinessView

SITE: Operations = {
    health.healthz: Operation(
        summary="Say that the process is alive",
        answers={200: Answer(meaning="It is, whatever its stores do", shape=AliveView)},
    ),
    health.readyz: Operation(
        summary="Say whether jobs can be accepted",
        answers={
            200: Answer(meaning="They can; `degraded` and `warnings` name what is not well", shape=ReadinessView),
            503: Answer(meaning="They cannot, or the process is about to end", shape=ReadinessView),
        },
    ),
    metrics.show_metrics: Operation(
        summary="Show the metrics",
        description="In Prometheus' text format, or OpenMetrics where it is asked for. A bearer token where "
        "`APP_METRICS_TOKEN` sets one.",
        answers={200: Answer(meaning="The whole site's", media_types=("text/plain", "application/openmetrics-text"))},
        problems=(UNAUTHENTICATED,),
    ),
    docs.show_page: Operation(
        summary="Show the page to read and try the API",
        answers={200: Answer(meaning="The page", media_types=("text/html",))},
    ),
    docs.show_asset: Operation(
        summary="Give what the page loads",
        answers={200: Answer(meaning="A script, or a style sheet", media_types=("text/css", "text/javascript"))},
    ),
    docs.show_document: Operation(
        summary="Give this document",
        answers={200: Answer(meaning="OpenAPI 3.1", shape=dict)},
    ),
}
