"""Where an answer leads on to: what can be done next with the thing that it shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.api import batches, data_sync, events, failures, jobs, processing, schedules
from app.api.methods import Endpoint
from app.openapi.schemas import Schema
from app.schemas.shapes.batches import BatchView
from app.schemas.shapes.data_sync import FileView, SyncSubmittedView, TemplateView
from app.schemas.shapes.failures import CauseList
from app.schemas.shapes.jobs import JobList, JobView, TriedJobView
from app.schemas.shapes.processing import ImageList, ProcessingSubmittedView
from app.schemas.shapes.schedules import ScheduleList


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Operations that take what a field of the answer says (a JSON pointer) as their path's parameter."""

    field: str
    endpoints: tuple[Endpoint, ...]
    parameter: str = "id"


_JOB = (jobs.show_job, jobs.cancel_job, jobs.retry_job, events.follow_job)
_BATCH = (batches.show_batch, batches.cancel_batch, batches.retry_batch, events.follow_batch)

LINKS: Mapping[type, Links] = {
    JobView: Links(field="id", endpoints=_JOB),
    TriedJobView: Links(field="id", endpoints=_JOB),
    JobList: Links(field="items/0/id", endpoints=_JOB),
    BatchView: Links(field="id", endpoints=_BATCH),
    CauseList: Links(field="items/0/fingerprint", endpoints=(failures.retry_cause,), parameter="fingerprint"),
    ScheduleList: Links(field="items/0/name", endpoints=(schedules.run_schedule,), parameter="name"),
    FileView: Links(field="id", endpoints=(data_sync.show_file, processing.show_profile)),
    TemplateView: Links(field="id", endpoints=(data_sync.show_template, data_sync.publish_template)),
    SyncSubmittedView: Links(field="task_id", endpoints=(data_sync.show_progress, jobs.cancel_job)),
    ProcessingSubmittedView: Links(field="task_id", endpoints=(jobs.show_job, jobs.cancel_job)),
    ImageList: Links(field="items/0/id", endpoints=(processing.show_image, processing.show_thumbnail)),
}


def links_of(shape: type) -> Schema:
    """Describe where an answer of this shape leads; empty where it leads nowhere."""
    if shape not in LINKS:
        return {}
    links = LINKS[shape]
    return {
        endpoint.__name__: {
            "operationId": endpoint.__name__,
            "parameters": {links.parameter: f"$response.body#/{links.field}"},
        }
        for endpoint in links.endpoints
    }
