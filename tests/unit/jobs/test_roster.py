"""Who is missing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from jobs.roster import roster_of
from jobs.stores.presence import SILENT_S, Crew, Sighting, WorkerProcess

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def seen(
    name: str, *, began_s: float, silent_s: float = 0.5, queues: str = "a", slots: int = 4, is_leaving: bool = False
) -> Sighting:
    """Give a worker that began so many seconds ago."""
    worker = WorkerProcess(
        name=name,
        host="h",
        pid=1,
        version="1",
        started_at=NOW - timedelta(seconds=began_s),
        queues={queue: Crew(slots=slots, running=0) for queue in queues},
        tasks=(),
        is_leaving=is_leaving,
    )
    return Sighting(worker=worker, silent_s=silent_s)


def told(*sightings: Sighting) -> tuple[str, str, str]:
    """Give the names of those that are alive, missing and replaced."""
    roster = roster_of(sightings, now=NOW)
    alive, missing, replaced = (
        "".join(sorted(one.worker.name for one in part)) for part in (roster.alive, roster.missing, roster.replaced)
    )
    return alive, missing, replaced


KILLED = seen("k", began_s=3000, silent_s=100)


def test_nobody_works_where_nobody_was_seen() -> None:
    """As on a new site."""
    assert told() == ("", "", "")


def test_who_is_silent_for_too_long_is_missing() -> None:
    """And not a moment sooner."""
    almost = replace(KILLED, silent_s=SILENT_S - 0.001)
    assert told(almost) == ("k", "", "")
    assert told(replace(KILLED, silent_s=SILENT_S)) == ("", "k", "")


def test_who_has_said_that_he_stops_is_not_missed() -> None:
    """He may have been killed while he waited for his jobs."""
    assert told(seen("s", began_s=3000, silent_s=100, is_leaving=True)) == ("", "", "")
    assert told(seen("s", began_s=3000, is_leaving=True)) == ("s", "", "")


def test_who_begins_takes_the_place_of_one_that_is_missing() -> None:
    """Of one alone."""
    assert told(KILLED, seen("n", began_s=99)) == ("n", "", "k")
    other = seen("l", began_s=3000, silent_s=200)
    assert told(KILLED, other, seen("n", began_s=99)) == ("n", "k", "l")
    assert told(KILLED, other, seen("n", began_s=99), seen("o", began_s=50)) == ("no", "", "kl")


def test_who_was_there_before_takes_no_place() -> None:
    """The site has one worker less."""
    assert told(KILLED, seen("n", began_s=101)) == ("n", "k", "")


def test_nobody_takes_his_own_place() -> None:
    """Though his clock be fast: he seems to have begun after he fell silent."""
    assert told(seen("f", began_s=90, silent_s=100)) == ("", "f", "")


@pytest.mark.parametrize(("queues", "slots"), [("b", 4), ("ab", 4), ("a", 3)])
def test_who_does_other_work_takes_no_place(queues: str, slots: int) -> None:
    """Neither for other queues, nor with other slots."""
    assert told(KILLED, seen("n", began_s=50, queues=queues, slots=slots)) == ("n", "k", "")


def test_of_one_that_dies_again_and_again_the_last_is_missing() -> None:
    """Until one lives."""
    dead = [seen(name, began_s=100 * age, silent_s=100 * age - 50) for name, age in zip("abc", (3, 2, 1), strict=True)]
    assert told(*dead) == ("", "c", "ab")
    assert told(*dead, seen("n", began_s=20)) == ("n", "", "abc")
