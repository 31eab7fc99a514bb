"""What is shown of alerts."""

from app.schemas.shapes.alerts import AlertView
from jobs.tasks.scheduled.alerts import Alert


def alert_view(alert: Alert) -> AlertView:
    """Show an alert."""
    return {
        "id": alert.id,
        "kind": alert.kind,
        "owner": alert.owner,
        "platform": alert.platform,
        "shop_id": alert.shop_id,
        "sku": alert.sku,
        "warehouse": alert.warehouse or None,
        "stock": alert.stock,
        "safety_stock": alert.safety_stock,
        "business_date": alert.business_date,
        "file_id": alert.file_id,
        "opened_at": alert.opened_at,
        "checked_at": alert.checked_at,
        "closed_at": alert.closed_at,
    }
