"""The queue's protocol holds in any order of calls, repetitions, crashes, silences and strangers."""

from hypothesis import HealthCheck, settings

from tests.support.protocol import opened
from tests.support.protocol_schedules import play_schedules

SLACK_MS = 2_000  # keys that Redis removes by the real clock must not go within a schedule's own time

SIZE = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_any_schedule_keeps_the_invariants_and_drains(redis_url: str) -> None:
    """After each step all keys and events agree; at the end each run has ended once, and nothing is left behind."""
    with opened(redis_url, slack_ms=SLACK_MS) as world:
        play_schedules(world, SIZE)
