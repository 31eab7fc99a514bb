"""What the audit log shows."""

from app.schemas.shapes.audit import AuditView
from jobs.audit import AuditEntry


def audit_view(entry: AuditEntry) -> AuditView:
    """Show what somebody did."""
    return {
        "id": entry.id,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "outcome": entry.outcome,
        "request_id": entry.request_id,
        "address": entry.address,
        "details": entry.details,
    }
