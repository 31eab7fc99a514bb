"""The scores that jobs must have, by jobs.scoring and by what stood in the keys before them."""

from collections.abc import Sequence

from jobs import keys
from jobs.scoring import score
from tests.support.protocol import STEP_MS
from tests.support.protocol_view import View
from tests.support.protocol_words import Spec


def scores_of(jobs: Sequence[Spec], before: View) -> dict[str, float]:
    """Compute by jobs.scoring how these jobs must rank that are put in line together, those that are due."""
    lines = {line: list(priorities.values()) for line, priorities in before.lines.items()}
    found: dict[str, float] = {}
    for job in jobs:
        if job.due <= before.now:
            line = lines.setdefault(f"{job.queue}:{job.owner}", [])
            turn = float(before.content(keys.MEANS, {}).get(job.task, job.typical))
            ahead = sum(priority >= job.priority for priority in line)
            base = max(min(job.at or before.now, before.now), job.due)
            found[job.id] = score(base_ms=base, priority=job.priority, ahead=ahead, turn_ms=turn, step_ms=STEP_MS)
            line.append(job.priority)
    return found


def ranked_anew(line: str, before: View) -> dict[str, float]:
    """Compute how the waiting jobs of a line must rank: as if submitted now, or as before where that is less."""
    found: dict[str, float] = {}
    in_line = sorted(before.lines.get(line, {}).items(), key=lambda entry: entry[0].encode())
    for job_id, priority in in_line:
        job = before.jobs[job_id]
        if job["st"] != "running":
            turn = float(before.content(keys.MEANS, {}).get(job["t"], job["d"].split(":")[-1]))
            higher = sum(other > priority for _, other in in_line)
            ahead = higher + [one for one, other in in_line if other == priority].index(job_id)
            base = max(before.now, int(job["since"]))
            rank = score(base_ms=base, priority=int(priority), ahead=ahead, turn_ms=turn, step_ms=STEP_MS)
            found[job_id] = min(rank, float(job["s"]))
    return found
