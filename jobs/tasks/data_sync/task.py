"""`sync_file`: one file's rows become facts, all of them or none. Reading and loading are elsewhere."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from jobs.context import JobContext
from jobs.errors import JobFailedError, StoreUnavailableError
from jobs.registry import Task
from jobs.retry import Backoff, RetryPolicy
from jobs.tasks.data_processing.follow import Followed, extract_after
from jobs.tasks.data_sync.catalogue import Catalogue, Settlement
from jobs.tasks.data_sync.component_versions import active_version
from jobs.tasks.data_sync.errors import FileRefusedError, HeaderChangedError, ReaderDiedError, UnreadableFileError
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.load import CountMismatchError, Target, load, stage
from jobs.tasks.data_sync.model import CatalogueFile, FileState, RowCounts, Template
from jobs.tasks.data_sync.quality import measure
from jobs.tasks.data_sync.quality_score import Report
from jobs.tasks.data_sync.reader.report import ReadReport
from jobs.tasks.data_sync.reading import open_reading
from jobs.tasks.data_sync.templates import TemplateStore
from jobs.tasks.data_sync.turns import take_turn
from jobs.tasks.data_sync.uploads import Uploads

_NO_TEMPLATE = "no published template fits its platform, domain and granularity"


async def sync_file(context: JobContext, file_id: UUID) -> dict[str, Any]:
    """Load one catalogued file.

    Gives the row counts, the quality report, the seconds it took, what the reader noticed, the active version of the
    component `sync_file`, the job that extracts the file's pictures and why none does though it has some (each None
    where there is none). A file without a published template is skipped, with the reason; a file that cannot be loaded
    fails the job, and not one of its rows is kept.
    """
    catalogue = Catalogue(context.site.database)
    file = await catalogue.get(file_id)
    if file is None:
        raise JobFailedError(f"there is no file {file_id}")
    await catalogue.begin(file_id, context.job)
    template = await _template(context, file)
    if template is None:
        return {"file_id": str(file_id), "skipped": _NO_TEMPLATE, "rows": RowCounts().as_mapping()}
    began = time.monotonic()
    ran_with = await active_version(context.site, SYNC_FILE.name)
    try:
        loaded = await _load(context, file, template)
    except (FileRefusedError, CountMismatchError) as error:
        await _refuse(context, file, template, error)
        raise
    except ReaderDiedError as error:
        if context.job.tries >= context.job.max_tries:
            await _refuse(context, file, template, error)
        raise
    return {
        "file_id": str(file_id),
        "skipped": None,
        "rows": loaded.counts.as_mapping(),
        "quality": loaded.quality.as_mapping(),
        "seconds": round(time.monotonic() - began, 3),
        "template_version": template.version,
        "component_version": ran_with,
        "currency": loaded.report.currency,
        "merged_ranges": list(loaded.report.merged),
        "images_task_id": loaded.images.job_id,
        "images_skipped": loaded.images.skipped,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    counts: RowCounts
    report: ReadReport
    quality: Report
    images: Followed


async def _template(context: JobContext, file: CatalogueFile) -> Template | None:
    """Give the file's template; where there is none, the file says so."""
    async with context.site.database.transaction() as connection:
        template = await TemplateStore(context.site.database).match(file.source, connection=connection)
        if template is None:
            settlement = Settlement(state=FileState.NEEDS_TEMPLATE, error=_NO_TEMPLATE)
            await Catalogue(context.site.database).settle(file.id, context.job, settlement, connection=connection)
    return template


async def _refuse(context: JobContext, file: CatalogueFile, template: Template, error: Exception) -> None:
    """Note why the file was not loaded. Who has published a template meanwhile has not seen that it waits for one."""
    difference = error.difference if isinstance(error, HeaderChangedError) else None
    async with context.site.database.transaction() as connection:
        newest = await TemplateStore(context.site.database).match(file.source, connection=connection)
        settlement = Settlement(
            state=FileState.FAILED if difference is None else FileState.HEADER_CHANGED,
            error=str(error),
            template_id=template.id,
            header_difference=difference,
            is_due=newest is not None and newest.id != template.id,
        )
        await Catalogue(context.site.database).settle(file.id, context.job, settlement, connection=connection)


async def _load(context: JobContext, file: CatalogueFile, template: Template) -> _Loaded:
    """Read and load in one transaction, which also settles the file's state."""
    path = Uploads(context.site.settings.data_dir).path_of(file.sha256)
    if not path.is_file():
        raise UnreadableFileError(
            "its bytes are not on this worker: JOBS_DATA_DIR must be one folder for web and workers"
        )
    target = Target(
        source=file.source,
        shop_id=file.shop_id,
        file_id=file.id,
        template_id=template.id,
        repeats=template.repeats,
        key_fields=template.layout.key_fields,
    )

    def tell(read: int, total: int | None) -> None:
        context.progress(read, total, "reading")

    async with context.site.database.transaction() as connection:
        async with open_reading(path, file.format, template.layout, ReadLimits(), tell) as reading:
            await take_turn(connection, most=context.site.settings.loads)
            await stage(connection, reading.chunks())
        report = reading.report
        context.progress(report.read, report.read, "loading")
        counts = await load(connection, target, read=report.read, currency=report.currency)
        quality = await measure(connection, file, template, job_id=context.job.id)
        settlement = Settlement(
            state=FileState.PARTIAL if counts.quarantined else FileState.INGESTED,
            template_id=template.id,
            currency=report.currency,
        )
        await Catalogue(context.site.database).settle(file.id, context.job, settlement, connection=connection)
        images = await extract_after(file, path, database=context.site.database, connection=connection)
    return _Loaded(counts=counts, report=report, quality=quality, images=images)


SYNC_FILE = Task(
    name="sync_file",
    function=sync_file,
    queue="data_sync",
    timeout_s=1800,
    max_tries=3,
    retry=RetryPolicy(
        retry_on=(StoreUnavailableError, ReaderDiedError, TimeoutError),
        backoff=Backoff(base_s=60, cap_s=240, floor=0.5),
    ),
)
