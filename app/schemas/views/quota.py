"""What is shown of a quota."""

from app.schemas.shapes.quota import QuotaView
from jobs.quota import Standing


def quota_view(standing: Standing) -> QuotaView:
    """Show what an owner may have and has."""
    grant, quota, usage = standing.grant, standing.quota, standing.usage
    return {
        "owner": grant.owner,
        "tier": grant.tier,
        "limits": {"max_running": quota.max_running, "max_waiting": quota.max_waiting},
        "overrides": {"max_running": grant.overrides.max_running, "max_waiting": grant.overrides.max_waiting},
        "used": usage.unfinished,
        "free": standing.free,
        "running": usage.running,
        "waiting": max(usage.unfinished - usage.running, 0),
    }
