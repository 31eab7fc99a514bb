"""The file that a task works on: whose it is, and where its bytes are."""

from pathlib import Path
from uuid import UUID

from jobs.context import JobContext
from jobs.errors import JobFailedError, StoreUnavailableError
from jobs.retry import Backoff, RetryPolicy
from jobs.tasks.data_sync.catalogue import Catalogue
from jobs.tasks.data_sync.errors import ReaderDiedError, UnreadableFileError
from jobs.tasks.data_sync.model import CatalogueFile
from jobs.tasks.data_sync.uploads import Uploads

QUEUE = "data_processing"
TIMEOUT_S = 1800.0
MAX_TRIES = 3
RETRY = RetryPolicy(
    retry_on=(StoreUnavailableError, ReaderDiedError, TimeoutError),
    backoff=Backoff(base_s=60, cap_s=240, floor=0.5),
)


async def own_file(context: JobContext, file_id: UUID) -> CatalogueFile:
    """Give a file of the job's owner: anybody may name any file's id in a job's arguments. Raises JobFailedError."""
    file = await Catalogue(context.site.database).get(file_id, owner=context.job.owner)
    if file is None:
        raise JobFailedError(f"there is no file {file_id}")
    return file


def bytes_of(context: JobContext, file: CatalogueFile) -> Path:
    """Give where a file's bytes are; raises UnreadableFileError where they are not."""
    path = Uploads(context.site.settings.data_dir).path_of(file.sha256)
    if not path.is_file():
        raise UnreadableFileError(
            "its bytes are not on this worker: JOBS_DATA_DIR must be one folder for web and workers"
        )
    return path
