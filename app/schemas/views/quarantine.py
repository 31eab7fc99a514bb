"""What is shown of rows that were set aside."""

from app.schemas.shapes.quarantine import QuarantinedRowView, ReplayedRowsView, ReplayedView
from jobs.tasks.data_sync.quarantine import QuarantinedRow, Replayed, ReplayedAll


def quarantined_view(row: QuarantinedRow) -> QuarantinedRowView:
    """Show a row that is set aside."""
    return {
        "row_number": row.row_number,
        "reason": row.reason,
        "problems": [{"field": one["field"], "detail": one["detail"]} for one in row.problems],
        "row": row.row,
        "created_at": row.created_at,
    }


def replayed_view(replayed: Replayed) -> ReplayedView:
    """Show what became of a row that was replayed."""
    counts = replayed.counts
    return {
        "row_number": replayed.row_number,
        "outcome": "inserted" if counts.inserted else "updated" if counts.updated else "unchanged",
        "remaining": replayed.remaining,
        "file_state": replayed.file_state,
    }


def replayed_all_view(replayed: ReplayedAll) -> ReplayedRowsView:
    """Show what became of several."""
    return {
        "replayed": replayed.replayed,
        "failed": [
            {
                "row_number": row_number,
                "errors": [{"pointer": one.pointer, "detail": one.detail} for one in mistakes],
            }
            for row_number, mistakes in replayed.failed.items()
        ],
        "next_cursor": replayed.following,
    }
