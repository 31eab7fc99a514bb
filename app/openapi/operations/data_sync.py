"""The data sync: files, templates, syncs."""

from app.api import data_sync, previews, sync_batches
from app.openapi.operation import LOCATION, Answer, Operation, Operations
from app.problems import BUSY, CONFLICT, FORBIDDEN, NO_SPREADSHEET, NOT_FOUND, QUOTA
from app.schemas.data_sync import (
    FileForm,
    SyncAllBody,
    SyncBody,
    SyncDueBody,
    SyncTheseBody,
    TemplateBody,
    TemplateQuery,
)
from app.schemas.shapes.data_sync import (
    FileView,
    ScanView,
    SyncBatchView,
    SyncSubmittedView,
    SyncView,
    TemplateList,
    TemplateView,
)
from app.schemas.shapes.previews import PreviewView

_TAKEN = {
    202: Answer(meaning="The batch: its jobs will run", shape=SyncBatchView, headers=(LOCATION,)),
    200: Answer(meaning="There is nothing to sync", shape=SyncBatchView),
}

DATA_SYNC: Operations = {
    data_sync.upload_file: Operation(
        summary="Upload a file",
        description="csv, xlsx, xlsb, xls, ods or an HTML table, told by its content; 100 MiB at most. "
        "The form itself is in UTF-8.",
        form=FileForm,
        example={"platform": "shop", "shop_id": "main", "domain": "orders", "granularity": "daily"},
        answers={
            201: Answer(meaning="The file, taken in", shape=FileView, headers=(LOCATION,)),
            200: Answer(meaning="The file that has the same bytes", shape=FileView, headers=(LOCATION,)),
        },
        problems=(NO_SPREADSHEET,),
    ),
    data_sync.show_file: Operation(
        summary="Show a file",
        answers={200: Answer(meaning="The file, its state and last error", shape=FileView)},
    ),
    previews.preview_file: Operation(
        summary="Look into a file",
        description="Headers and the first 20 rows as they stand, below the header row of the file's template, else "
        "below row 1; and how the headers differ from the template's. Nothing is stored.",
        answers={200: Answer(meaning="What stands in it, or why that cannot be shown", shape=PreviewView)},
        problems=(NOT_FOUND, BUSY),
    ),
    data_sync.scan_inbox: Operation(
        summary="Scan the inbox",
        description="Takes up to 200 files in that other programs have put under "
        "`inbox/<platform>/<shop_id>/<domain>/<granularity>/` of JOBS_DATA_DIR, or one folder `<sub_domain>/` below. "
        "They become the administrator's who asks, and leave the inbox. For administrators.",
        answers={200: Answer(meaning="What was taken in, and what stays and why", shape=ScanView)},
        problems=(FORBIDDEN,),
    ),
    data_sync.list_templates: Operation(
        summary="List the templates",
        query=TemplateQuery,
        answers={200: Answer(meaning="A page, newest first", shape=TemplateList)},
    ),
    data_sync.create_template: Operation(
        summary="Create a template",
        description="The next version of a source's template, as a draft. For administrators.",
        body=TemplateBody,
        example={
            "platform": "shop",
            "domain": "orders",
            "granularity": "daily",
            "fields": ["order_no", "sku", "quantity", "ordered_at"],
            "key_fields": ["order_no", "sku"],
            "date_rule": {"field": "ordered_at"},
        },
        answers={201: Answer(meaning="The draft", shape=TemplateView, headers=(LOCATION,))},
        problems=(FORBIDDEN,),
    ),
    data_sync.show_template: Operation(
        summary="Show a template",
        answers={200: Answer(meaning="The template", shape=TemplateView)},
    ),
    data_sync.publish_template: Operation(
        summary="Publish a template",
        description="It counts from the next sync on. Doing it again is no mistake. For administrators.",
        answers={200: Answer(meaning="The template, published", shape=TemplateView)},
        problems=(CONFLICT, FORBIDDEN),
    ),
    data_sync.sync_single: Operation(
        summary="Sync a file",
        body=SyncBody,
        example={"file_id": "0b9a7c52-7f6e-4a57-9f0e-3d1f6c1f2a10"},
        answers={
            202: Answer(meaning="The job: it will run", shape=SyncSubmittedView, headers=(LOCATION,)),
            200: Answer(meaning="The unfinished job that syncs it", shape=SyncSubmittedView, headers=(LOCATION,)),
        },
        problems=(NOT_FOUND, QUOTA),
    ),
    sync_batches.sync_due: Operation(
        summary="Sync files that are due",
        description="The oldest first, as a batch: one job a file. Each file goes to one batch only.",
        body=SyncDueBody,
        example={"platform": "shop", "domains": ["orders"], "limit": 100},
        answers=_TAKEN,
        problems=(QUOTA,),
    ),
    sync_batches.sync_these: Operation(
        summary="Sync these files",
        description="As a batch. Ids that are not known, and files that a job has, are told and left out.",
        body=SyncTheseBody,
        example={"file_ids": ["0b9a7c52-7f6e-4a57-9f0e-3d1f6c1f2a10"]},
        answers=_TAKEN,
        problems=(NOT_FOUND, QUOTA),
    ),
    sync_batches.sync_all: Operation(
        summary="Sync all files that are due and have a template",
        description="As many as your quota takes, as a batch; `remaining` counts the rest.",
        body=SyncAllBody,
        example={},
        answers=_TAKEN,
        problems=(QUOTA,),
    ),
    data_sync.show_progress: Operation(
        summary="Show how far a sync is",
        answers={200: Answer(meaning="State, files, rows and errors", shape=SyncView)},
    ),
}
