"""What follows the sync of a file that has pictures: the extraction of its images."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from jobs.registry import TaskTable
from jobs.stores.database import Connection, Database
from jobs.stores.jobs import JobStore
from jobs.submission import Submission, checked
from jobs.tasks.data_processing.extract import EXTRACT_PRODUCT_IMAGES, why_without_images
from jobs.tasks.data_processing.pictures import has_pictures
from jobs.tasks.data_processing.skus import DOMAINS
from jobs.tasks.data_sync.model import CatalogueFile


def submission_of(file_id: UUID, owner: str) -> Submission:
    """Ask for an extraction. A file has one unfinished at most, whoever asks."""
    key = str(file_id)
    return Submission(task=EXTRACT_PRODUCT_IMAGES.name, args={"file_id": key}, owner=owner, unique_key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The job that extracts a file's images, or why its pictures are left out; neither where it has none."""

    job_id: str | None = None
    skipped: str | None = None


async def extract_after(file: CatalogueFile, path: Path, *, database: Database, connection: Connection) -> Followed:
    """Accept the extraction of a file's images in the caller's transaction, the one that loads its rows.

    Nothing follows where its extraction is under way. What is accepted and not put in line, the recoverer puts there,
    some ten seconds later; so neither is lost without the other, and it counts against no quota: the owner has asked
    for one thing.
    """
    if file.source.domain not in DOMAINS or not await asyncio.to_thread(has_pictures, path):
        return Followed()
    if reason := why_without_images(file):
        return Followed(skipped=reason)
    wanted = submission_of(file.id, file.owner)
    jobs = JobStore(database)
    if await jobs.of_name(wanted.task, wanted.owner, str(file.id), connection=connection):
        return Followed()
    (job,) = await jobs.insert([checked(wanted, TaskTable([EXTRACT_PRODUCT_IMAGES]))], connection=connection)
    return Followed(job_id=None if job is None else job.id)
