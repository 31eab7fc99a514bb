"""Which tasks this site runs: the shipped ones, those that the settings add, and the diagnostic ones if asked for.

Also which of them it runs on a schedule.
"""

from jobs.registry import Task, TaskTable, load_list, load_task_list
from jobs.schedule import Schedule
from jobs.settings import JobsSettings
from jobs.tasks.data_sync.check_quality import CHECK_QUALITY
from jobs.tasks.data_sync.task import SYNC_FILE
from jobs.tasks.diagnostics import diagnostic_tasks
from jobs.timetable import Timetable

QUEUES = ("data_sync", "data_processing", "scheduled")

TASKS: tuple[Task, ...] = (SYNC_FILE, CHECK_QUALITY)


def task_table(settings: JobsSettings) -> TaskTable:
    """Make the table for a process. Raises TaskTableError where a list or a declaration is wrong."""
    tasks = [*TASKS]
    for path in settings.task_lists:
        tasks += load_task_list(path)
    if settings.diagnostics:
        tasks += diagnostic_tasks(dict.fromkeys((*QUEUES, *TaskTable(tasks).queues)))
    return TaskTable(tasks)


def timetable_of(settings: JobsSettings, tasks: TaskTable) -> Timetable:
    """Make the timetable for a process. Raises TaskTableError with all that is wrong with its schedules."""
    lists = [load_list(path, Schedule, setting="JOBS_SCHEDULES") for path in settings.schedule_lists]
    return Timetable([schedule for declared in lists for schedule in declared], tasks)
