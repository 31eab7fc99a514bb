"""The data processing: product images and profiles of files."""

from app.api import processing
from app.openapi.operation import LOCATION, Answer, Header, Operation, Operations
from app.problems import NOT_FOUND, QUOTA
from app.schemas.processing import ImagesQuery, ProcessingBody
from app.schemas.shapes.processing import ImageList, ProcessingSubmittedView, ProfileView

_EXAMPLE = {"file_id": "0b9a7c52-7f6e-4a57-9f0e-3d1f6c1f2a10"}
_IF_NONE_MATCH = Header(
    name="If-None-Match",
    meaning="The ETag of what is there already; 304 while it is the same.",
    schema={"type": "string"},
    example=f'"{"5a" * 32}"',
)
_ETAG = Header(
    name="ETag",
    meaning="The SHA-256 of the picture that the image was made of.",
    schema={"type": "string", "pattern": '^"[0-9a-f]{64}"$'},
    example=f'"{"5a" * 32}"',
)
_IMAGE = {
    200: Answer(meaning="A JPEG", media_types=("image/jpeg",), headers=(_ETAG,)),
    304: Answer(meaning="It is the same as before", media_types=(), headers=(_ETAG,)),
}

PROCESSING: Operations = {
    processing.extract_images: Operation(
        summary="Extract a file's images",
        description="The pictures of an xlsx of products or inventory, each for the SKU of its own row.",
        body=ProcessingBody,
        example=_EXAMPLE,
        answers={
            202: Answer(meaning="The job: it will run", shape=ProcessingSubmittedView, headers=(LOCATION,)),
            200: Answer(meaning="The unfinished job that does", shape=ProcessingSubmittedView, headers=(LOCATION,)),
        },
        problems=(NOT_FOUND, QUOTA),
    ),
    processing.profile_workbook: Operation(
        summary="Profile a file",
        description="Sheets, columns with inferred types, empty cells, least and greatest, merged ranges, a sample.",
        body=ProcessingBody,
        example=_EXAMPLE,
        answers={
            202: Answer(meaning="The job: it will run", shape=ProcessingSubmittedView, headers=(LOCATION,)),
            200: Answer(meaning="The unfinished job that does", shape=ProcessingSubmittedView, headers=(LOCATION,)),
        },
        problems=(NOT_FOUND, QUOTA),
    ),
    processing.show_profile: Operation(
        summary="Show a file's profile",
        description="404 also while it has none: `POST /api/data-processing/workbooks` makes one.",
        answers={200: Answer(meaning="The latest profile", shape=ProfileView)},
    ),
    processing.list_images: Operation(
        summary="List product images",
        description="Those that one's own files have; all for administrators.",
        query=ImagesQuery,
        answers={200: Answer(meaning="A page, newest first", shape=ImageList)},
    ),
    processing.show_image: Operation(
        summary="Show an image",
        description="1,920 pixels long at most.",
        headers=(_IF_NONE_MATCH,),
        answers=_IMAGE,
    ),
    processing.show_thumbnail: Operation(
        summary="Show an image's thumbnail",
        description="200 pixels long at most.",
        headers=(_IF_NONE_MATCH,),
        answers=_IMAGE,
    ),
}
