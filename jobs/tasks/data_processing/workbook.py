"""`process_workbook`: what a file has in it, sheet by sheet, as its profile. Going through it is the worker's."""

import time
from typing import Any
from uuid import UUID

from jobs.context import JobContext
from jobs.registry import Task
from jobs.tasks.data_processing.child import report_of
from jobs.tasks.data_processing.limits import ProfileLimits
from jobs.tasks.data_processing.profiles import ProfileStore
from jobs.tasks.data_processing.source import MAX_TRIES, QUEUE, RETRY, TIMEOUT_S, bytes_of, own_file
from jobs.tasks.data_processing.worker.request import Profiling


async def process_workbook(context: JobContext, file_id: UUID) -> dict[str, Any]:
    """Profile one file, whichever format it has, and store that in place of the profile before.

    Of each sheet: the row that seems to have the headers, data rows, columns with their types as inferred (texts that
    are numbers, dates or truths count as those), share of empty cells, least and greatest, merged ranges, and a sample.
    No template is needed.

    Gives how many `sheets` and `rows` there are, and the `seconds`. A file that cannot be read fails the job.
    """
    file = await own_file(context, file_id)
    began = time.monotonic()
    request = Profiling(path=bytes_of(context, file), format=file.format, limits=ProfileLimits())
    profile = await report_of(request, lambda done, total: context.progress(done, total, "reading"))
    await ProfileStore(context.site.database).put(file_id, profile)
    return {
        "file_id": str(file_id),
        "sheets": profile["sheets_total"],
        "rows": profile["rows"],
        "seconds": round(time.monotonic() - began, 3),
    }


PROCESS_WORKBOOK = Task(
    name="process_workbook",
    function=process_workbook,
    queue=QUEUE,
    timeout_s=TIMEOUT_S,
    max_tries=MAX_TRIES,
    retry=RETRY,
)
