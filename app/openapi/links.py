"""Where an answer leads on to: what can be done next with the thing that it shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.api import data_sync, jobs
from app.api.methods import Endpoint
from app.openapi.schemas import Schema
from app.schemas.shapes import FileView, JobView, SyncSubmittedView, TemplateView


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Operations that take what a field of the answer says as their path's `id`."""

    field: str
    endpoints: tuple[Endpoint, ...]


LINKS: Mapping[type, Links] = {
    JobView: Links(field="id", endpoints=(jobs.show_job, jobs.cancel_job, jobs.retry_job)),
    FileView: Links(field="id", endpoints=(data_sync.show_file,)),
    TemplateView: Links(field="id", endpoints=(data_sync.show_template, data_sync.publish_template)),
    SyncSubmittedView: Links(field="task_id", endpoints=(data_sync.show_progress, jobs.cancel_job)),
}


def links_of(shape: type) -> Schema:
    """Describe where an answer of this shape leads; empty where it leads nowhere."""
    if shape not in LINKS:
        return {}
    links = LINKS[shape]
    return {
        endpoint.__name__: {
            "operationId": endpoint.__name__,
            "parameters": {"id": f"$response.body#/{links.field}"},
        }
        for endpoint in links.endpoints
    }
