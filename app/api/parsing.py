"""From a body, query or form to a typed record, and from a view to an answer. No endpoint parses by itself."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app.errors import MalformedBodyError, UnsupportedMediaTypeError
from app.headers import header_of
from app.schemas.requests import Body
from jobs import codec
from jobs.errors import InvalidInputError, NotFoundError, StoreUnavailableError
from jobs.mistakes import Bounded, mistakes_of

Parsed = TypeVar("Parsed", bound=Body)

_JSON = "application/json"
_FORM = b"multipart/form-data"
_PLAIN_FORM = b"application/x-www-form-urlencoded"
# Starlette would decode names and fields by any codec that the client names: some take quadratic time, others give
# texts that nothing can store, or raise what it does not expect.
_CHARSETS = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
_CONTENT_TYPE = b"content-type"
_LONGEST_JOB_ID = 500
_MOST_FIELDS = 20


async def read_json(request: Request, model: type[Parsed]) -> Parsed:
    """Read a JSON body. Raises UnsupportedMediaTypeError, MalformedBodyError or InvalidInputError."""
    announced = header_of(request.scope, _CONTENT_TYPE)
    media_type = _JSON if announced is None else announced.partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise UnsupportedMediaTypeError(f"send {_JSON}, not {media_type}")
    body = await _body_of(request)
    try:
        # orjson says where a JSON text is broken, and refuses what UTF-8 cannot hold.
        decoded = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedBodyError(f"the body is no JSON: {error}") from None
    checked: Parsed = _bounded(model).check(body, decoded=decoded)
    return checked


@asynccontextmanager
async def read_form(request: Request) -> AsyncIterator[dict[str, UploadFile | str]]:
    """Read a multipart form; its files are there until the end of the context, on disk where they are large.

    Raises UnsupportedMediaTypeError, and StoreUnavailableError where the disk does not take them.
    """
    media_type, parameters = parse_options_header(header_of(request.scope, _CONTENT_TYPE))
    if media_type != _FORM:
        raise UnsupportedMediaTypeError(f"send {_FORM.decode()} with the part file")
    if parameters.get(b"charset", b"utf-8").lower() not in _CHARSETS:
        raise UnsupportedMediaTypeError("write the form in UTF-8, and announce charset=utf-8 or none")
    try:
        form = await request.form(max_files=1, max_fields=_MOST_FIELDS)
    except OSError as error:
        raise StoreUnavailableError(f"the folder of temporary files: {error.strerror}") from error
    try:
        yield dict(form)
    finally:
        await form.close()


async def read_plain_form(request: Request) -> dict[str, str]:
    """Read a form of texts alone, as a browser sends it by itself; of a field that comes twice the last counts.

    Raises UnsupportedMediaTypeError or MalformedBodyError.
    """
    media_type, _ = parse_options_header(header_of(request.scope, _CONTENT_TYPE))
    if media_type != _PLAIN_FORM:
        raise UnsupportedMediaTypeError(f"send {_PLAIN_FORM.decode()}")
    body = await _body_of(request)
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise MalformedBodyError(f"the form cannot be read: {error}") from None


def read_fields(fields: Mapping[str, Any], model: type[Parsed]) -> Parsed:
    """Read the parts of a form, or what else has each name once. Raises InvalidInputError."""
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        raise InvalidInputError(mistakes_of(error)) from None


def read_query(request: Request, model: type[Parsed]) -> Parsed:
    """Read query parameters. Raises InvalidInputError, also for one that comes several times and may not."""
    given = request.query_params
    fields = {name: values[0] if len(values := given.getlist(name)) == 1 else values for name in given}
    return read_fields(fields, model)


def read_id(request: Request, thing: str) -> UUID:
    """Read the id in a path; one of another form is the id of nothing. Raises NotFoundError."""
    text = request.path_params["id"]
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError(f"there is no {thing} {text}") from None


def read_job_id(request: Request, thing: str = "job", *, at: str = "id") -> str:
    """Read the id of a job, or of what is named like one: free text that a store can hold. Raises NotFoundError."""
    text: str = request.path_params[at]
    if "\x00" in text or len(text) > _LONGEST_JOB_ID:
        raise NotFoundError(f"there is no {thing} of this id")
    return text


def answer(view: object, *, status: HTTPStatus = HTTPStatus.OK, location: str | None = None) -> Response:
    """Make a JSON answer; times become RFC 3339 in UTC."""
    response = _JsonResponse(codec.dumps(view), status_code=status)
    if location is not None:
        response.raw_headers.append((b"location", location.encode("latin-1")))
    return response


@cache
def _bounded(model: type[Parsed]) -> Bounded[Parsed]:
    return Bounded(TypeAdapter(model))


async def _body_of(request: Request) -> bytes:
    """Read a body, which mostly comes whole; Starlette's two generators cost as much as all else of reading it.

    Raises ClientDisconnect.
    """
    parts = []
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


class _JsonResponse(Response):
    """Makes its headers at once: Starlette would look first for those that somebody has set himself."""

    def init_headers(self, _: object = None) -> None:
        self.raw_headers = [(b"content-length", b"%d" % len(self.body)), (b"content-type", b"application/json")]
