"""/api/data-sync: files, templates, syncs."""

from http import HTTPStatus

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer, read_fields, read_form, read_id, read_job_id, read_json, read_query
from app.errors import TooLargeError
from app.schemas.data_sync import FileForm, SyncBody, TemplateBody, TemplateQuery
from app.schemas.shapes.data_sync import SyncSubmittedView, TemplateList
from app.schemas.views.data_sync import file_view, scan_view, sync_view, template_view
from app.schemas.views.jobs import job_view
from app.state import deps_of, identity_of, require_admin
from jobs.errors import InvalidInputError, Mistake
from jobs.tasks.data_sync.catalogue import Description
from jobs.tasks.data_sync.default_keys import default_keys
from jobs.tasks.data_sync.model import DateRule, Layout, Range, Source
from jobs.tasks.data_sync.templates import TemplateFilter
from jobs.tasks.data_sync.uploads import LARGEST_BYTES

_LONGEST_NAME = 255


async def upload_file(request: Request) -> Response:
    """POST /api/data-sync/files: take a file in. The same bytes again are the same file, 200 instead of 201."""
    async with read_form(request) as parts:
        upload = parts.pop("file", None)
        if not isinstance(upload, UploadFile):
            raise InvalidInputError([Mistake(pointer="/file", detail="is missing; send it as a file part")])
        if (upload.size or 0) > LARGEST_BYTES:
            raise TooLargeError(f"a file may have {LARGEST_BYTES:,} bytes")
        described = _description(request, read_fields(parts, FileForm), upload.filename or "")
        file, is_new = await deps_of(request).data_sync.register(described, upload.file)
    status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return answer(file_view(file), status=status, location=f"/api/data-sync/files/{file.id}")


async def show_file(request: Request) -> Response:
    """GET /api/data-sync/files/{id}."""
    file = await deps_of(request).data_sync.file(read_id(request, "file"), owner=identity_of(request).sees)
    return answer(file_view(file))


async def scan_inbox(request: Request) -> Response:
    """POST /api/data-sync/scan: take in what other programs have put into the inbox."""
    require_admin(request, "scan the inbox")
    return answer(scan_view(await deps_of(request).inbox.scan(owner=identity_of(request).owner)))


async def list_templates(request: Request) -> Response:
    """GET /api/data-sync/templates: newest first."""
    query = read_query(request, TemplateQuery)
    wanted = TemplateFilter(platform=query.platform, domain=query.domain, granularity=query.granularity)
    found = await deps_of(request).data_sync.templates(wanted, before=query.cursor, limit=query.limit + 1)
    page = found[: query.limit]
    following = page[-1].id if len(found) > len(page) else None
    view: TemplateList = {"items": [template_view(template) for template in page], "next_cursor": following}
    return answer(view)


async def create_template(request: Request) -> Response:
    """POST /api/data-sync/templates: store the next version, as a draft."""
    require_admin(request, "write templates")
    body = await read_json(request, TemplateBody)
    source = Source(
        platform=body.platform,
        domain=body.domain,
        sub_domain=body.sub_domain or "",
        granularity=body.granularity,
    )
    layout = Layout(
        header_row=body.header_row,
        fields=body.fields,
        key_fields=body.key_fields or default_keys(body.domain, body.fields, day=body.date_rule.field),
        required_fields=body.required_fields,
        date_rule=DateRule(field=body.date_rule.field, format=body.date_rule.format),
        types=body.types,
    )
    ranges = {name: Range(minimum=one.minimum, maximum=one.maximum) for name, one in body.ranges.items()}
    template = await deps_of(request).data_sync.create_template(source, layout, body.repeats, ranges)
    location = f"/api/data-sync/templates/{template.id}"
    return answer(template_view(template), status=HTTPStatus.CREATED, location=location)


async def show_template(request: Request) -> Response:
    """GET /api/data-sync/templates/{id}."""
    return answer(template_view(await deps_of(request).data_sync.template(read_id(request, "template"))))


async def publish_template(request: Request) -> Response:
    """POST /api/data-sync/templates/{id}/publish: let it count from the next sync on."""
    require_admin(request, "write templates")
    return answer(template_view(await deps_of(request).data_sync.publish_template(read_id(request, "template"))))


async def sync_single(request: Request) -> Response:
    """POST /api/data-sync/single: sync a file; 200 with the job that is there while one is unfinished."""
    body = await read_json(request, SyncBody)
    sees = identity_of(request).sees
    claimed = await deps_of(request).data_sync.submit(body.file_id, sees=sees, priority=body.priority)
    status = HTTPStatus.ACCEPTED if claimed.is_new else HTTPStatus.OK
    view: SyncSubmittedView = {"task_id": claimed.job.id, "job": job_view(claimed.job)}
    return answer(view, status=status, location=f"/api/data-sync/progress/{claimed.job.id}")


async def show_progress(request: Request) -> Response:
    """GET /api/data-sync/progress/{id}: how far a sync is, of one file or of many."""
    task_id, deps, sees = read_job_id(request), deps_of(request), identity_of(request).sees
    progress = await deps.batch_progress.of(task_id, owner=sees)
    return answer(sync_view(progress or await deps.data_sync.progress(task_id, sees=sees)))


def _description(request: Request, form: FileForm, name: str) -> Description:
    if form.date_from and form.date_to and form.date_from > form.date_to:
        raise InvalidInputError([Mistake(pointer="/date_to", detail="is before date_from")])
    return Description(
        # Only for people to read: a path in it, whichever system it is from, means nothing here.
        name=name.replace("\\", "/").rsplit("/", 1)[-1].replace("\x00", "")[:_LONGEST_NAME] or "upload",
        source=Source(
            platform=form.platform,
            domain=form.domain,
            sub_domain=form.sub_domain or "",
            granularity=form.granularity,
        ),
        shop_id=form.shop_id,
        date_from=form.date_from,
        date_to=form.date_to,
        owner=identity_of(request).owner,
    )
