"""`backup_database` where there is no folder for backups."""

from tests.support.site import running_web


async def test_without_a_folder_the_schedule_is_off_and_says_why(environ: dict[str, str]) -> None:
    """To whoever would run it, by the missing setting."""
    async with running_web({**environ, "JOBS_TIMETABLE": "off; backup_database=0 0 29 2 *"}) as client:
        answer = await client.post("/api/schedules/backup_database/run")
        assert answer.status_code == 404
        assert "JOBS_BACKUP_DIR is not set" in answer.json()["detail"]
        assert (await client.get("/api/schedules")).json()["items"] == []
