"""What is shown of lists of files and of syncs, and of sources."""

from app.schemas.shapes.shelf import GovernanceView, SourceView, SyncEntryView
from jobs.tasks.data_sync.shelf import Governance, SourceEntry, SyncEntry


def sync_entry_view(entry: SyncEntry) -> SyncEntryView:
    """Show a submission."""
    return {
        "task_id": entry.task_id,
        "kind": "batch" if entry.is_batch else "file",
        "owner": entry.owner,
        "files": entry.files,
        "state": "running" if entry.finished_at is None else "ended",
        "created_at": entry.created_at,
        "finished_at": entry.finished_at,
    }


def governance_view(governance: Governance) -> GovernanceView:
    """Show how all files do."""
    return {"states": governance.states, "sources": [_source_view(entry) for entry in governance.sources]}


def _source_view(entry: SourceEntry) -> SourceView:
    source = entry.source
    return {
        "platform": source.platform,
        "domain": source.domain,
        "sub_domain": source.sub_domain or None,
        "granularity": source.granularity,
        "files": entry.files,
        "header_changed": entry.header_changed,
        "needs_template": entry.needs_template,
        "loaded_by_older": entry.loaded_by_older,
        "newest_at": entry.newest_at,
        "template": entry.status,
        "template_version": entry.template_version,
    }
