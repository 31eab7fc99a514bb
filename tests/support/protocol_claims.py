"""What a claim may and must give out, seen from all keys before it and after it."""

from collections.abc import Sequence

from jobs.scoring import Band
from tests.support.protocol_view import Place, View
from tests.support.protocol_words import Claim, Held

UNKNOWN_MS = 10_000
SUSPECT_MS = 1_000
FOREIGN_MS = 15_000


def check_claim(  # noqa: PLR0913  all that a claim is judged by
    claim: Claim, before: View, after: View, *, queue: str, slots: int, suspects: int, tasks: Sequence[str]
) -> None:
    """Look at what was given out, and at where everything else went."""
    if queue in before.paused:
        assert claim.jobs == [], f"{queue} rests"
        return
    taken = [held for held in claim.jobs if not held.is_exhausted]
    assert len(taken) <= slots, "more jobs than slots"
    _check_lost(taken, suspects)
    for held in claim.jobs:
        _check_place(held.id, before, queue)
        assert not before.is_foreign(held.id), f"{held.id} is a stock worker's"
        assert held.is_exhausted or held.task == "" or held.task in tasks, f"{held.id}: nobody here knows {held.task}"
        assert before.payloads.get(held.id, "none") == held.payload, f"{held.id} has the payload {held.payload}"
    for owner in {held.owner for held in taken}:
        assert after.running_count(owner) <= after.limit_of(owner), f"{owner} has too many running"
    scores = [float(after.jobs[held.id]["s"]) for held in claim.jobs]
    assert scores == sorted(scores), "not the lowest score first"
    is_full = len(taken) == slots
    for job_id, score in after.queues.get(queue, {}).items():
        if score < 0 and job_id in after.payloads and not after.is_foreign(job_id) and not _was_parked(before, job_id):
            assert is_full, f"{job_id} is left though there was a free slot"
            assert slots == 0 or not scores or score >= scores[-1], f"{job_id} should have come before the last"
        elif score != before.queues.get(queue, {}).get(job_id):
            _check_aside(job_id, score, after, tasks)


def allowed(held: Sequence[Held]) -> int:
    """Say which suspects a worker may take beside what it holds, as a claim spells it."""
    if any(one.is_suspect for one in held):
        return 0
    return 2 if any(one.lost for one in held) else 1


def _check_lost(taken: Sequence[Held], suspects: int) -> None:
    """One suspect at a time; one that must not lose another lease beside none that has lost any before it."""
    for held in taken:
        if held.is_suspect:
            assert suspects == 1 or (suspects == 2 and not held.is_last), f"{held} is one suspect too many"
            suspects = 0
        elif held.lost:
            suspects = min(2 * suspects, 2)


def _check_place(job_id: str, before: View, queue: str) -> None:
    """It stood ready, or was due, or somebody else had put its entry out of place."""
    place = before.places[job_id][0]
    assert place.queue == queue, f"{job_id} was at {place}"
    is_far = place.score > before.now + 366 * 86_400_000
    assert place.band in {Band.READY, Band.FOREIGN} or place.score <= before.now or is_far, f"{job_id} was at {place}"


def _was_parked(before: View, job_id: str) -> bool:
    return any(place.band is Band.PARKED for place in before.places.get(job_id, [Place("", 0)]))


def _check_aside(job_id: str, score: float, after: View, tasks: Sequence[str]) -> None:
    """A queued job was put out of the way: there is a reason."""
    job = after.jobs.get(job_id, {})
    if job.get("st") != "queued" or after.is_foreign(job_id) or score < 0:
        return
    if score == 9e15:
        assert after.running_count(job["o"]) >= after.limit_of(job["o"]), f"{job_id} is parked without cause"
    elif score == after.now + UNKNOWN_MS:
        assert job["t"] not in tasks, f"{job_id} waits, yet its task is known"
    elif score == after.now + SUSPECT_MS or score == after.now + FOREIGN_MS:
        assert int(job["lost"]) > 0, f"{job_id} waits as a suspect and is none"
    else:
        assert job_id not in after.payloads, f"{job_id} was put at {score}"
