"""The invariants of the protocol, looked for in all keys as they are between two scripts."""

from collections import defaultdict

from jobs import keys
from jobs.model import State
from jobs.scoring import PARKED, QUARANTINE, TIMED_BELOW, TIMED_FROM, Band
from tests.support.protocol import LEASE_MS
from tests.support.protocol_ledger import Ledger, Record
from tests.support.protocol_view import Place, View

IN_LINE = {"queued", "running", "retrying"}
LONGEST_ASIDE_MS = 15_000  # a queued job whose entry is timed: unknown task, suspect, given out to be ended
STOCK_MS = 310_000  # how long a stock worker's hold lasts
MARKED_MS = 61_000  # who looked for a job longer ago has to look again
PLACE_MS = 30_000  # how long a place is kept for a job that is on its way
FAR_MS = 366 * 86_400_000  # no entry of ours is timed later

FIXED = {keys.ALIVE, keys.COUNTERS, keys.EVENTS, keys.FENCE, keys.LIMITS, keys.MEANS, keys.PLACES}


def same(got: object, expected: object, what: str = "the answer") -> None:
    """Compare."""
    assert got == expected, f"{what} is {got}, and not {expected}"


def check_all(view: View, ledger: Ledger, *, raw: set[str], broken: set[str], moved: set[str], lent: set[str]) -> None:
    """Look at everything.

    `raw` are ids that a stock client has put in, `broken` have lost their payload, and the entries of `moved` were once
    put elsewhere by a stock client; `lent` were held by a stock worker.
    """
    check_unfinished(view, raw, broken)
    check_book(view, ledger)
    check_marks(view, ledger)
    check_running(view)
    check_lines(view)
    check_parked(view, moved)
    check_extras(view, ledger)
    check_owners(view)
    for job_id, (place, *_) in view.places.items():
        is_astray = place.band is Band.FOREIGN or place.score > view.now + FAR_MS
        if job_id in view.jobs and not (job_id in moved and is_astray):
            check_place(view, job_id, place, aside_ms=STOCK_MS if job_id in lent else LONGEST_ASIDE_MS)


def check_unfinished(view: View, raw: set[str], broken: set[str]) -> None:
    """I1: a job is unfinished where it has a payload, a hash and one entry in its queue, and it has no result then."""
    same(view.payloads.keys() - raw, view.jobs.keys() - broken - raw, "what has a payload")
    same(view.places.keys() - raw, view.jobs.keys() - raw, "what has an entry")
    same(view.jobs.keys() - view.places.keys(), set(), "what has a hash and no entry")
    same(view.jobs.keys() & view.results.keys(), set(), "what is unfinished and has a result")
    for job_id, places in view.places.items():
        assert len(places) == 1, f"{job_id} has entries in {places}"
        assert job_id in raw or places[0].queue == view.jobs[job_id]["q"], f"{job_id} is in {places[0].queue}"


def check_book(view: View, ledger: Ledger) -> None:
    """I2, I5: hashes and counters say what the events say; a run has one end at most."""
    unfinished = {record.id: record for record in ledger.unfinished()}
    told = {job_id for job_id, job in view.jobs.items() if job["o"] != "arq" or "f" in job}
    same(unfinished.keys(), told, "what is unfinished by the events")
    for job_id, record in unfinished.items():
        same(_kept(view.jobs[job_id]), _told(record), job_id)
    same({run for run, amount in ledger.ends.items() if amount != 1}, set(), "what has ended more than once")
    same(view.counters, dict(ledger.counts), "what is counted")
    same(int(view.content(keys.FENCE, 0)), ledger.version, "the last version")
    for job_id, holder in view.holders.items():
        if holder.startswith("s:"):
            assert int(holder.split(":")[2]) == int(view.jobs[job_id]["f"]), f"{job_id} is held by an old fence"


def check_marks(view: View, ledger: Ledger) -> None:
    """I3: for a minute at least after its end, Redis can tell that a run has ended."""
    for record in ledger.jobs.values():
        if not record.is_unfinished and view.now - record.ended_at <= MARKED_MS:
            assert view.has_ended(record.id, record.run), f"nothing proves that {record.id} has ended"


def check_running(view: View) -> None:
    """Exactly the running jobs are counted, each under its owner."""
    expected: defaultdict[str, set[str]] = defaultdict(set)
    for job_id, job in view.jobs.items():
        if job["st"] == "running":
            expected[job["o"]].add(job_id)
    same({owner: set(ends) for owner, ends in view.running.items()}, expected, "what is counted as running")
    for ends in view.running.values():
        assert max(ends.values()) <= view.now + LEASE_MS, "a lease is too long"


def check_lines(view: View) -> None:
    """An owner has in line exactly what is due and has not ended, at its priority."""
    expected: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for job_id, job in view.jobs.items():
        if job["st"] in IN_LINE:
            expected[f"{job['q']}:{job['o']}"][job_id] = float(job["d"].split(":")[0])
    same(view.lines, dict(expected), "what is in line")


def check_parked(view: View, moved: set[str]) -> None:
    """Each parked entry can be found for release, with the score that it had; and nothing else can."""
    expected: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for job_id, (place, *_) in view.places.items():
        if place.band is Band.PARKED:
            job = view.jobs[job_id]
            same(job["st"], "queued", f"the state of {job_id}, which is parked,")
            expected[f"{job['q']}:{job['o']}"][job_id] = float(job["s"])
    for line, found in view.parked.items():
        here = expected.pop(line, {})
        parked = {name: score for name, score in found.items() if name in here or name not in moved}
        same(parked, here, f"what can be released in {line}")
    same(dict(expected), {}, "what is parked for ever")
    queues: defaultdict[str, set[str]] = defaultdict(set)
    for line in view.parked:
        queue, owner = line.split(":")
        queues[owner].add(queue)
    same(view.parked_queues, dict(queues), "where owners are parked")
    same(view.parked_owners, set(queues), "who is parked")


def check_extras(view: View, ledger: Ledger) -> None:
    """Names, times and wishes are kept for exactly those that have not ended."""
    unfinished = ledger.unfinished()
    same(view.names, {record.name: record.id for record in unfinished if record.name}, "who has the names")
    expiring = {record.id for record in unfinished if record.expires}
    same(set(view.content(keys.EXPIRY, {})), expiring, "what may expire")
    wanted = {record.id for record in unfinished if record.is_wanted}
    same({job_id for job_id, job in view.jobs.items() if "cx" in job}, wanted, "what is to be cancelled")


def check_owners(view: View) -> None:
    """An owner's unfinished jobs are known, and a place is kept for what is not in line, for half a minute at most."""
    expected: defaultdict[str, set[str]] = defaultdict(set)
    for job_id, job in view.jobs.items():
        if job["o"] != "arq":  # who has no bound
            expected[job["o"]].add(job_id)
    same({owner: set(ids) for owner, ids in view.unfinished.items()}, expected, "what owners have unfinished")
    for owner, places in view.reserved.items():
        same(places.keys() & view.jobs.keys(), set(), "what is in line and has a place kept")
        assert max(places.values()) <= view.now + PLACE_MS, "a place is kept for too long"
        assert view.keys[keys.reserve(owner)].left > 0, "a place is kept for ever"


def check_heeded(view: View, ledger: Ledger) -> None:
    """After a tick all aborts are heeded, and what may have expired is looked for again within a lease."""
    for record in ledger.unfinished():
        if record.id in ledger.aborted and not view.is_foreign(record.id):
            assert record.is_wanted, f"{record.id} is not aborted"
        if record.expires:
            looked_for = view.content(keys.EXPIRY, {})[record.id]
            assert view.now < looked_for <= max(record.expires, view.now + LEASE_MS), f"{record.id} has not expired"


def check_place(view: View, job_id: str, place: Place, *, aside_ms: int) -> None:
    """An entry is in the band that its job's state asks for."""
    job, score = view.jobs[job_id], place.score
    if score == QUARANTINE:
        assert job_id not in view.payloads, f"{job_id} was put away though it can be read"
        return
    if job["st"] == "queued":
        ready = float(job["s"])
        assert -(2**53) <= ready <= -1, f"{job_id} has the score {ready}"
        assert ready.is_integer(), f"{job_id} has the score {ready}"
        aside = TIMED_FROM <= score <= view.now + aside_ms
        assert score in {ready, PARKED} or aside, f"{job_id} is queued, and its entry at {score}"
    else:
        assert TIMED_FROM <= score < TIMED_BELOW, f"{job_id} is {job['st']}, and its entry at {score}"
        due = view.running[job["o"]][job_id] if job["st"] == "running" else float(job["since"])
        assert score >= due or view.is_foreign(job_id), f"{job_id} is {job['st']}, and its entry due at {score}"


def check_released(view: View, excused: set[str]) -> None:
    """I7: whoever is parked has an owner at his limit, or with as many in front of him in that queue as may run.

    `excused` are owners of whom fewer run than any script has noticed, until the next sweep.
    """
    for line in view.parked:
        queue, owner = line.split(":")
        free = view.limit_of(owner) - view.running_count(owner)
        if owner not in excused and free > 0:
            waiting = [name for name, job in view.jobs.items() if job["o"] == owner and job["st"] == "queued"]
            ahead = sum(score != PARKED for name, score in view.queues[queue].items() if name in waiting)
            assert ahead >= min(free, 200), f"{owner} has jobs parked in {queue}, and {free} may run"


def check_awake(view: View) -> None:
    """I9: where a ready job is left, the next worker that looks for a token finds one."""
    for queue, entries in view.queues.items():
        if queue not in view.paused and any(
            score < 0 and not view.is_foreign(job_id) for job_id, score in entries.items()
        ):
            assert view.content(keys.wake(queue), None), f"ready jobs in {queue}, and nobody is woken"


def check_empty(view: View) -> None:
    """Nothing is left but the fixed keys and those that time removes."""
    left = {name for name, key in view.keys.items() if key.left < 0 and not name.startswith(keys.WAKE)}
    same(left - FIXED, set(), "what stays for ever")


def _kept(job: dict[str, str]) -> tuple[int, str, int, int, int]:
    return int(job["run"]), job["st"], int(job.get("f", 0)), int(job.get("try", 0)), int(job.get("lost", 0))


def _told(record: Record) -> tuple[int, State, int, int, int]:
    return record.run, record.state, record.fence, record.tries, record.lost
