"""How good the rows of a file were, and those that were set aside."""

from app.api import quality, quarantine
from app.openapi.operation import Answer, Operation, Operations
from app.problems import CONFLICT
from app.schemas.data_sync import QuarantineQuery, ReplayAllQuery, ReplayBody
from app.schemas.shapes.quality import MeasuredView
from app.schemas.shapes.quarantine import QuarantineList, ReplayedRowsView, ReplayedView

QUARANTINE: Operations = {
    quality.show_quality: Operation(
        summary="Show how good the rows of a file were",
        description="Counted when it was loaded last; what cannot be told is null and does not count.",
        answers={200: Answer(meaning="The score and its parts", shape=MeasuredView)},
    ),
    quarantine.list_quarantine: Operation(
        summary="List the rows of a file that are set aside",
        query=QuarantineQuery,
        answers={200: Answer(meaning="A page, by row number", shape=QuarantineList)},
    ),
    quarantine.replay_row: Operation(
        summary="Load a row that was set aside",
        description=(
            "By the newest template, as if the file were synced again with it. What the body leaves out, or all of it "
            "where there is no body, is as it was read. 422 names the fields for which it still cannot be loaded."
        ),
        body=ReplayBody,
        example={"row": {"quantity": 3}},
        answers={200: Answer(meaning="What became of it", shape=ReplayedView)},
        problems=(CONFLICT,),
    ),
    quarantine.replay_rows: Operation(
        summary="Load the rows of a file that were set aside and can be loaded by now",
        description="As they are, each by itself: for after a template was mended.",
        query=ReplayAllQuery,
        answers={200: Answer(meaning="How many were loaded, and which were not", shape=ReplayedRowsView)},
        problems=(CONFLICT,),
    ),
}
