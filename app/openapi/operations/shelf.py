"""The data sync: lists of files and of syncs, and how each source does."""

from app.api import shelf
from app.openapi.operation import Answer, Operation, Operations
from app.schemas.data_sync import FilesQuery, SyncsQuery
from app.schemas.shapes.shelf import FileList, GovernanceView, SyncList

SHELF: Operations = {
    shelf.list_files: Operation(
        summary="List the files",
        description="One's own; an administrator everybody's. A filter is tried on some thousand files a page.",
        query=FilesQuery,
        answers={200: Answer(meaning="A page, newest first", shape=FileList)},
    ),
    shelf.list_syncs: Operation(
        summary="List the syncs",
        description="What was submitted, of one file or of many; one's own, an administrator everybody's.",
        query=SyncsQuery,
        answers={200: Answer(meaning="A page, newest first", shape=SyncList)},
    ),
    shelf.show_governance: Operation(
        summary="Show how each source does",
        answers={200: Answer(meaning="Files by state; sources with their templates", shape=GovernanceView)},
    ),
}
