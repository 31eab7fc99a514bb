"""Alerts."""

from app.api import alerts
from app.openapi.operation import Answer, Operation, Operations
from app.schemas.data_sync import AlertsQuery
from app.schemas.shapes.alerts import AlertList

ALERTS: Operations = {
    alerts.list_alerts: Operation(
        summary="List the alerts",
        description="Items below their safety stock, and those that were. Of one's own files; administrators see all.",
        query=AlertsQuery,
        answers={200: Answer(meaning="A page, the one opened last first", shape=AlertList)},
    ),
}
