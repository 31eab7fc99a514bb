"""What is shown of templates, files and syncs."""

from typing import cast

from app.schemas.shapes.data_sync import FileView, HeaderDifferenceView, ScanView, SyncBatchView, SyncView, TemplateView
from app.schemas.views.batches import batch_view
from app.schemas.views.quality import quality_view
from jobs.tasks.data_sync.inbox import Scanned
from jobs.tasks.data_sync.many import Begun
from jobs.tasks.data_sync.model import CatalogueFile, Template
from jobs.tasks.data_sync.progress import SyncProgress


def template_view(template: Template) -> TemplateView:
    """Show a template."""
    layout = template.layout
    return {
        "id": template.id,
        "platform": template.source.platform,
        "domain": template.source.domain,
        "sub_domain": template.source.sub_domain or None,
        "granularity": template.source.granularity,
        "version": template.version,
        "state": template.state,
        "header_row": layout.header_row,
        "fields": layout.fields,
        "key_fields": layout.key_fields,
        "required_fields": layout.required_fields,
        "date_rule": {"field": layout.date_rule.field, "format": layout.date_rule.format},
        "repeats": template.repeats,
        "types": layout.types,
        "ranges": {name: {"minimum": one.minimum, "maximum": one.maximum} for name, one in template.ranges.items()},
        "created_at": template.created_at,
    }


def file_view(file: CatalogueFile) -> FileView:
    """Show a file. Where its bytes lie is nobody's business."""
    return {
        "id": file.id,
        "sha256": file.sha256,
        "name": file.name,
        "format": file.format,
        "size": file.size,
        "platform": file.source.platform,
        "shop_id": file.shop_id,
        "domain": file.source.domain,
        "sub_domain": file.source.sub_domain or None,
        "granularity": file.source.granularity,
        "date_from": file.date_from,
        "date_to": file.date_to,
        "owner": file.owner,
        "state": file.state,
        "task_id": file.job_id,
        "last_error": file.last_error,
        "header_difference": cast("HeaderDifferenceView | None", file.header_difference),
        "tries": file.tries,
        "next_attempt_at": file.next_attempt_at,
        "created_at": file.created_at,
    }


def scan_view(scanned: Scanned) -> ScanView:
    """Show what a scan found. Where the inbox lies is nobody's business."""
    return {
        "taken": scanned.taken,
        "known": scanned.known,
        "refused": [{"name": file.name, "reason": file.reason} for file in scanned.refused],
        "more": scanned.more,
    }


def sync_batch_view(begun: Begun) -> SyncBatchView:
    """Show what was taken of many files."""
    return {
        "task_id": None if begun.batch is None else begun.batch.id,
        "file_count": len(begun.files),
        "remaining": begun.remaining,
        "missing_file_ids": begun.missing,
        "busy_file_ids": list(begun.busy or ()),
        "batch": None if begun.batch is None else batch_view(begun.batch),
    }


def sync_view(progress: SyncProgress) -> SyncView:
    """Show how far a sync is."""
    files = progress.files
    return {
        "task_id": progress.task_id,
        "state": progress.state,
        "files": {
            "total": files.total,
            "processed": files.processed,
            "succeeded": files.succeeded,
            "failed": files.failed,
            "skipped": files.skipped,
        },
        "rows": progress.rows,
        "percent": progress.percent,
        "current_file": progress.current_file,
        "current_files": progress.current_files,
        "errors": [
            {"file_id": error.file_id, "file": error.file, "type": error.type, "message": error.message}
            for error in progress.errors
        ],
        "errors_total": progress.errors_total,
        "quality": quality_view(progress.quality),
    }
