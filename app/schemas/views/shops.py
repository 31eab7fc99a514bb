"""What is shown of shops' accounts and component versions."""

from app.schemas.shapes.shops import ComponentVersionView, ShopView
from jobs.tasks.data_sync.component_versions import ComponentVersion
from jobs.tasks.data_sync.shops import Shop


def shop_view(shop: Shop) -> ShopView:
    """Show an account."""
    return {
        "id": shop.id,
        "platform": shop.platform,
        "shop_id": shop.shop_id,
        "name": shop.name,
        "enabled": shop.enabled,
        "created_at": shop.created_at,
        "changed_at": shop.changed_at,
    }


def component_version_view(version: ComponentVersion) -> ComponentVersionView:
    """Show a version."""
    return {
        "id": version.id,
        "component": version.component,
        "version": version.version,
        "status": version.status,
        "notes": version.notes,
        "created_at": version.created_at,
        "changed_at": version.changed_at,
    }
