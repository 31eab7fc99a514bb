"""The facade of the data sync, which the API is handed: every rule of who may do what, in one place."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from jobs.errors import ConflictError, InvalidInputError, NotFoundError
from jobs.find import JobFinder
from jobs.lifecycle import is_end
from jobs.model import DEFAULT_PRIORITY, Job
from jobs.stores.database import Database
from jobs.submission import Submission
from jobs.submit import Submitter
from jobs.tasks.data_sync.catalogue import Catalogue, Description
from jobs.tasks.data_sync.claims import Claims
from jobs.tasks.data_sync.model import CatalogueFile, Layout, Range, Repeats, Source, Template
from jobs.tasks.data_sync.progress import SyncProgress, progress_of
from jobs.tasks.data_sync.quality import Measured, QualityStore
from jobs.tasks.data_sync.quarantine import Quarantine
from jobs.tasks.data_sync.rules import mistakes_in, mistakes_in_ranges
from jobs.tasks.data_sync.task import SYNC_FILE
from jobs.tasks.data_sync.templates import TemplateFilter, TemplateStore
from jobs.tasks.data_sync.uploads import Uploads


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The job that syncs a file, and whether this very call made it."""

    job: Job
    is_new: bool


class DataSync:
    """What people and programs do with files and templates. `owner` None means everybody's."""

    def __init__(self, *, database: Database, finder: JobFinder, submitter: Submitter, uploads: Uploads) -> None:
        self._database = database
        self._finder = finder
        self._submitter = submitter
        self._uploads = uploads
        self._catalogue = Catalogue(database)
        self._claims = Claims(finder.refresh)
        self._templates = TemplateStore(database)
        self._quality = QualityStore(database)
        self.quarantine = Quarantine(database)

    async def register(self, description: Description, content: BinaryIO) -> tuple[CatalogueFile, bool]:
        """Keep an uploaded file and enter it; give it, and whether its bytes are new."""
        kept = await asyncio.to_thread(self._uploads.keep, content)
        file_id, is_new = await self._catalogue.add(description, kept)
        return await self.file(file_id, owner=None), is_new

    async def file(self, file_id: UUID, *, owner: str | None) -> CatalogueFile:
        """Give a file; raises NotFoundError."""
        file = await self._catalogue.get(file_id, owner=owner)
        if file is None:
            raise NotFoundError(f"there is no file {file_id}")
        return file

    async def quality(self, file_id: UUID, *, owner: str | None) -> Measured:
        """Give a file's quality report; raises NotFoundError, also where nothing was loaded yet."""
        await self.file(file_id, owner=owner)
        measured = await self._quality.get(file_id)
        if measured is None:
            raise NotFoundError(f"file {file_id} has no quality report: it was never loaded")
        return measured

    async def create_template(
        self, source: Source, layout: Layout, repeats: Repeats, ranges: Mapping[str, Range]
    ) -> Template:
        """Store the next version of a source's template, as a draft; raises InvalidInputError."""
        if mistakes := [*mistakes_in(layout), *mistakes_in_ranges(ranges, layout)]:
            raise InvalidInputError(mistakes)
        return await self._templates.create(source, layout, repeats, ranges)

    async def publish_template(self, template_id: UUID) -> Template:
        """Let a template count; raises NotFoundError, or ConflictError for an archived one."""
        published = await self._templates.publish(template_id)
        if published is None:
            template = await self.template(template_id)
            raise ConflictError(f"the template is {template.state}; create a new version instead")
        return published

    async def template(self, template_id: UUID) -> Template:
        """Give a template; raises NotFoundError."""
        template = await self._templates.get(template_id)
        if template is None:
            raise NotFoundError(f"there is no template {template_id}")
        return template

    async def templates(self, wanted: TemplateFilter, *, before: UUID | None, limit: int) -> list[Template]:
        """List templates, newest first."""
        return await self._templates.list(wanted, before=before, limit=limit)

    async def submit(self, file_id: UUID, *, sees: str | None, priority: int = DEFAULT_PRIORITY) -> Claimed:
        """Sync a file of `sees`, None for anybody's, as a job of the file's owner: he is to see what becomes of it.

        The file's row is locked while it is claimed, so of any number of submissions at once one makes the job
        and all others get it. Raises NotFoundError.
        """
        async with self._database.transaction() as connection:
            file = await self._catalogue.lock(file_id, owner=sees, connection=connection)
            if file is None:
                raise NotFoundError(f"there is no file {file_id}")
            held = None if file.job_id is None else await self._finder.get(file.job_id, connection=connection)
            if held is not None and not is_end(held.state):
                return Claimed(job=held, is_new=False)
            wanted = Submission(
                task=SYNC_FILE.name, args={"file_id": str(file_id)}, owner=file.owner, priority=priority
            )
            job = await self._submitter.accept(wanted, connection=connection)
            await self._catalogue.hold(file_id, job.id, connection=connection)
            await self._claims.note(file.owner, job_id=job.id, files=1, connection=connection)
        return Claimed(job=await self._submitter.enqueue(job), is_new=True)

    async def progress(self, task_id: str, *, sees: str | None) -> SyncProgress:
        """Say how far a sync is of a job or a file of `sees`, None for anybody's; raises NotFoundError."""
        job = await self._finder.get(task_id)
        if job is None or job.task != SYNC_FILE.name:
            raise NotFoundError(f"there is no sync {task_id}")
        # Who has a file may know how a sweep syncs it. Who has but a job with a file's id is told nothing of the file.
        file = await self._catalogue.get(UUID(job.args["file_id"]), owner=sees)
        if file is None and sees not in {None, job.owner}:
            raise NotFoundError(f"there is no sync {task_id}")
        return progress_of(job, file_name="" if file is None else file.name)
