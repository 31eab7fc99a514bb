"""The composition root of a web process: `uvicorn app.main:create_app --factory`."""

import gc
import os
import sys

from starlette.types import ASGIApp

from app.application import application
from app.lifespan import lifespan_for
from app.settings import load_all
from jobs.errors import SettingsError, TaskTableError
from jobs.heap import settle
from jobs.logs import configure_logs
from jobs.tasks.table import task_table, timetable_of

# Python looks for cycles whenever 700 objects more have been made than dropped: every few requests, though each drops
# all that it has made by itself. Workers look as often as ever: who knows what tasks leave behind.
_YOUNG_OBJECTS = 20_000


def create_app() -> ASGIApp:
    """Make the application from the environment; wrong settings end the process with all mistakes listed."""
    try:
        settings = load_all(os.environ)
        tasks = task_table(settings.jobs)
        timetable = timetable_of(settings.jobs, tasks)
    except (SettingsError, TaskTableError) as error:
        sys.exit(f"The web process cannot start:\n{error}")
    configure_logs(form=settings.app.log_format, level=settings.app.log_level)
    settle()
    gc.set_threshold(_YOUNG_OBJECTS)
    return application(lifespan_for(settings, tasks, timetable))
