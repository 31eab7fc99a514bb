"""What is shown of a look at a file."""

from typing import cast

from app.schemas.shapes.previews import PreviewView, ShownView
from app.schemas.views.data_sync import template_view
from jobs.tasks.data_sync.previewing import Preview


def preview_view(preview: Preview) -> PreviewView:
    """Show it."""
    return {
        "template": None if preview.template is None else template_view(preview.template),
        "shown": cast("ShownView | None", preview.shown),
        "problem": preview.problem,
    }
