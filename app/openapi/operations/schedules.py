"""Schedules."""

from app.api import schedules
from app.openapi.operation import LOCATION, Answer, Operation, Operations
from app.problems import FORBIDDEN
from app.schemas.shapes.jobs import JobView
from app.schemas.shapes.schedules import ScheduleList

SCHEDULES: Operations = {
    schedules.list_schedules: Operation(
        summary="List the schedules",
        answers={200: Answer(meaning="What runs by itself, and when", shape=ScheduleList)},
    ),
    schedules.run_schedule: Operation(
        summary="Run a schedule out of turn",
        description="Its times are not moved. For administrators.",
        answers={
            202: Answer(meaning="The job: it will run", shape=JobView, headers=(LOCATION,)),
            200: Answer(meaning="Its unfinished job, which must not be overlapped", shape=JobView, headers=(LOCATION,)),
        },
        problems=(FORBIDDEN,),
    ),
}
