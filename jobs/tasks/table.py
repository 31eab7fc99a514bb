"""Which tasks this site runs: the shipped ones, those that the settings add, and the diagnostic ones if asked for."""

from jobs.registry import Task, TaskTable, load_task_list
from jobs.settings import JobsSettings
from jobs.tasks.data_sync.task import SYNC_FILE
from jobs.tasks.diagnostics import diagnostic_tasks

QUEUES = ("data_sync", "data_processing", "scheduled")

TASKS: tuple[Task, ...] = (SYNC_FILE,)


def task_table(settings: JobsSettings) -> TaskTable:
    """Make the table for a process. Raises TaskTableError where a list or a declaration is wrong."""
    tasks = [*TASKS]
    for path in settings.task_lists:
        tasks += load_task_list(path)
    if settings.diagnostics:
        tasks += diagnostic_tasks(dict.fromkeys((*QUEUES, *TaskTable(tasks).queues)))
    return TaskTable(tasks)
