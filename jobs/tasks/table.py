"""Which tasks this site runs: the shipped ones, those that the settings add, and the diagnostic ones if asked for.

Also which of them it runs on a schedule, those of the shipped timetable and those that the settings add; and what is
cached.
"""

from jobs.cache.scopes import Scope
from jobs.registry import Task, TaskTable, load_list, load_task_list
from jobs.schedule import Schedule
from jobs.settings import JobsSettings
from jobs.tasks.data_processing.extract import EXTRACT_PRODUCT_IMAGES
from jobs.tasks.data_processing.workbook import PROCESS_WORKBOOK
from jobs.tasks.data_sync.check_quality import CHECK_QUALITY
from jobs.tasks.data_sync.component_versions import ACTIVE_VERSIONS, COMPONENT_VERSIONS
from jobs.tasks.data_sync.shops import SHOPS
from jobs.tasks.data_sync.task import SYNC_FILE
from jobs.tasks.diagnostics import diagnostic_tasks
from jobs.tasks.scheduled.backup import BACKUP_DATABASE
from jobs.tasks.scheduled.canary import NAME as CANARY
from jobs.tasks.scheduled.canary import canary_task
from jobs.tasks.scheduled.low_stock import CHECK_LOW_STOCK
from jobs.tasks.scheduled.pending_files import SYNC_PENDING_FILES
from jobs.tasks.scheduled.prune import PRUNE_HISTORY
from jobs.tasks.scheduled.shipped import shipped
from jobs.timetable import Timetable

QUEUES = ("data_sync", "data_processing", "scheduled")

TASKS: tuple[Task, ...] = (
    SYNC_FILE,
    CHECK_QUALITY,
    EXTRACT_PRODUCT_IMAGES,
    PROCESS_WORKBOOK,
    BACKUP_DATABASE,
    CHECK_LOW_STOCK,
    PRUNE_HISTORY,
    SYNC_PENDING_FILES,
)

SCOPES: tuple[Scope, ...] = (SHOPS, COMPONENT_VERSIONS, ACTIVE_VERSIONS)


def task_table(settings: JobsSettings) -> TaskTable:
    """Make the table for a process. Raises TaskTableError where a list or a declaration is wrong."""
    tasks = [*TASKS]
    for path in settings.task_lists:
        tasks += load_task_list(path)
    queues = dict.fromkeys((*QUEUES, *TaskTable(tasks).queues))
    tasks.append(canary_task(queues))
    if settings.diagnostics:
        tasks += diagnostic_tasks(queues)
    return TaskTable(tasks)


def timetable_of(settings: JobsSettings, tasks: TaskTable) -> Timetable:
    """Make the timetable for a process. Raises TaskTableError with all that is wrong with its schedules."""
    by_itself = shipped(settings, tasks[CANARY].queues)
    lists = [load_list(path, Schedule, setting="JOBS_SCHEDULES") for path in settings.schedule_lists]
    own = (schedule for declared in lists for schedule in declared)
    return Timetable([*by_itself.schedules, *own], tasks, off=by_itself.off)
