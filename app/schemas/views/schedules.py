"""What is shown of schedules."""

from app.schemas.shapes.schedules import ScheduleView
from jobs.planned import Plan


def schedule_view(plan: Plan) -> ScheduleView:
    """Show when a schedule is due, when it was, and what became of its latest job."""
    schedule, row, job = plan.schedule, plan.row, plan.last_job
    return {
        "name": schedule.name,
        "task": schedule.task,
        "cron": schedule.cron,
        "every_s": schedule.every_s,
        "timezone": schedule.timezone,
        "make_up": schedule.make_up,
        "overlap": schedule.overlap,
        "next_due_at": row.next_due_at,
        "last_due_at": row.last_due_at,
        "last_job": None if job is None else {"id": job.id, "state": job.state},
        "fired": row.fired,
        "missed": row.missed,
        "overlapped": row.overlapped,
    }
