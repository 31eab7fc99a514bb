"""The facade of the data processing, which the API is handed: every rule of who may do what, in one place."""

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from jobs.errors import InvalidInputError, Mistake, NotFoundError, StoreUnavailableError
from jobs.stores.database import Database
from jobs.submission import Submission
from jobs.submit import Submitted, Submitter
from jobs.tasks.data_processing.extract import why_without_images
from jobs.tasks.data_processing.follow import submission_of
from jobs.tasks.data_processing.images import ImageStore
from jobs.tasks.data_processing.media import Media, Size
from jobs.tasks.data_processing.model import FileProfile, ImageFilter, ProductImage
from jobs.tasks.data_processing.profiles import ProfileStore
from jobs.tasks.data_processing.workbook import PROCESS_WORKBOOK
from jobs.tasks.data_sync.catalogue import Catalogue
from jobs.tasks.data_sync.model import CatalogueFile


class DataProcessing:
    """What people and programs do with images and profiles. `sees` None means everybody's."""

    def __init__(self, *, database: Database, submitter: Submitter, media: Media) -> None:
        self._submitter = submitter
        self._media = media
        self._catalogue = Catalogue(database)
        self._images = ImageStore(database)
        self._profiles = ProfileStore(database)

    async def extract(self, file_id: UUID, *, sees: str | None, priority: int) -> Submitted:
        """Extract the images of a file, as a job of its owner; the unfinished job that does where there is one.

        Raises NotFoundError, and InvalidInputError for a file that can have none.
        """
        file = await self._file(file_id, sees=sees)
        if reason := why_without_images(file):
            raise InvalidInputError([Mistake(pointer="/file_id", detail=reason)])
        return await self._submitter.submit(replace(submission_of(file.id, file.owner), priority=priority))

    async def profile_workbook(self, file_id: UUID, *, sees: str | None, priority: int) -> Submitted:
        """Profile a file, as a job of its owner; the unfinished job that does where there is one. Or NotFoundError."""
        file = await self._file(file_id, sees=sees)
        key = str(file.id)
        return await self._submitter.submit(
            Submission(
                task=PROCESS_WORKBOOK.name,
                args={"file_id": key},
                owner=file.owner,
                priority=priority,
                unique_key=key,
            )
        )

    async def images(
        self, wanted: ImageFilter, *, sees: str | None, before: UUID | None, limit: int
    ) -> list[ProductImage]:
        """List images, newest first."""
        return await self._images.list(wanted, owner=sees, before=before, limit=limit)

    async def image(self, image_id: UUID, size: Size, *, sees: str | None) -> tuple[ProductImage, Path]:
        """Give an image and where its file is; raises NotFoundError, or StoreUnavailableError where it is not."""
        image = await self._images.get(image_id, owner=sees)
        if image is None:
            raise NotFoundError(f"there is no image {image_id}")
        path = self._media.path_of(image.sha256, size)
        if not await asyncio.to_thread(path.is_file):
            raise StoreUnavailableError("the image's bytes are not here: web and workers need one JOBS_MEDIA_DIR")
        return image, path

    async def profile(self, file_id: UUID, *, sees: str | None) -> FileProfile:
        """Give a file's profile; raises NotFoundError, also while it has none."""
        file = await self._file(file_id, sees=sees)
        profile = await self._profiles.get(file.id, owner=sees)
        if profile is None:
            raise NotFoundError(f"file {file_id} has no profile yet; POST /api/data-processing/workbooks makes one")
        return profile

    async def _file(self, file_id: UUID, *, sees: str | None) -> CatalogueFile:
        file = await self._catalogue.get(file_id, owner=sees)
        if file is None:
            raise NotFoundError(f"there is no file {file_id}")
        return file
