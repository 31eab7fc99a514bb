"""What is shown of product images and profiles."""

from app.schemas.shapes.processing import ImageView, ProfileView
from jobs.tasks.data_processing.model import FileProfile, ProductImage


def image_view(image: ProductImage) -> ImageView:
    """Show an image. Where its bytes lie is nobody's business."""
    return {
        "id": image.id,
        "platform": image.platform,
        "shop_id": image.shop_id,
        "sku": image.sku,
        "sha256": image.sha256,
        "width": image.width,
        "height": image.height,
        "bytes": image.bytes,
        "is_main": image.is_main,
        "position": image.position,
        "created_at": image.created_at,
    }


def profile_view(found: FileProfile) -> ProfileView:
    """Show a file's profile."""
    profile = found.profile
    return {
        "file_id": found.file_id,
        "made_at": found.made_at,
        "rows": profile["rows"],
        "sheets": profile["sheets"],
        "sheets_total": profile["sheets_total"],
        "encoding": profile["encoding"],
    }
