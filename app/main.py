"""The composition root of a web process: `uvicorn app.main:create_app --factory`."""

import os
import sys

from starlette.types import ASGIApp

from app.application import application
from app.lifespan import lifespan_for
from app.middleware.cut import Cuttable
from app.settings import load_all
from jobs.errors import SettingsError, TaskTableError
from jobs.heap import settle
from jobs.logs import configure_logs
from jobs.tasks.table import task_table, timetable_of


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
    return Cuttable(application(lifespan_for(settings, tasks, timetable)))
