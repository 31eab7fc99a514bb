"""A book of all runs, kept from the events alone, in which each event must be one that the rules of the protocol allow.

What the scripts keep in Redis, and what they count, must say the same as the book.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from jobs import counters
from jobs.lifecycle import ENDS
from jobs.model import STOCK_OWNER, State
from tests.support.protocol import LEASE_MS
from tests.support.protocol_view import View
from tests.support.protocol_words import Held, Spec, row_of

Event = dict[str, str]


@dataclass(slots=True)
class Record:
    """One run of a job, as far as its events tell."""

    id: str
    run: int
    queue: str
    owner: str
    task: str
    state: State
    due: int = 0
    since: int = 0
    priority: int = 5
    max_tries: int = 5
    fence: int = 0
    start: int = 0  # the fence of its latest start
    tries: int = 0
    lost: int = 0
    lease_end: int = 0
    is_late: bool = False  # its lease was lost, and nobody has taken it since
    is_wanted: bool = False  # somebody wants it cancelled
    expires: int = 0
    name: str = ""
    ended_at: int = 0

    @property
    def is_unfinished(self) -> bool:
        """Whether it has not ended."""
        return self.state not in ENDS

    @property
    def is_exhausted(self) -> bool:
        """Whether it was lost too often to run; of a stock client's job Redis does not know how often that is."""
        return self.lost >= self.max_tries and self.owner != STOCK_OWNER

    @property
    def pair(self) -> counters.Pair:
        """What it is counted under."""
        return counters.Pair(self.queue, self.task)


@dataclass(slots=True)
class Ledger:
    """All runs; the latest of each job is in `jobs`, and no earlier one may be heard of again."""

    jobs: dict[str, Record] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    ends: Counter[tuple[str, int]] = field(default_factory=Counter)
    version: int = 0
    specs: dict[str, Spec] = field(default_factory=dict)  # what is being put in line, or lies there as a raw entry
    now: int = 0
    script: str = ""  # which one is said to have written the events
    in_grace: bool = False
    run_ms: dict[str, int] = field(default_factory=dict)  # how long the runs took that a worker ends, -1: not told
    told: set[str] = field(default_factory=set)  # the jobs whose ends a worker tells in this call
    aborted: set[str] = field(default_factory=set)  # what stock clients want aborted

    def read(self, after: View) -> None:
        """Take what a script has told that left Redis as `after`. Raises AssertionError for what must not happen."""
        for event in after.events:
            version = int(event["v"])
            assert version > self.version, f"a version was given out again: {event}"
            self.version = version
            assert int(event["at"]) == self.now, event
            state = State(event["state"])
            record = self.jobs.get(event["id"])
            if "owner" in event:
                self._begin(event, state)
            elif record is None and self.script == "cancel":
                self._cancel_ahead(event, state)
            elif record is None:
                self._adopt(event, state, after)
            else:
                assert int(event["run"]) == record.run, f"an old run is heard of: {event}"
                assert record.is_unfinished, f"an ended run is heard of: {event}"
                _HANDLERS.get(state, Ledger._end)(self, record, event)
            self._check_try(self.jobs[event["id"]], event)
            self._check_row(self.jobs[event["id"]], event)
            if "try" in event:
                assert int(event["try"]) == self.jobs[event["id"]].tries or state in ENDS, event

    def _check_try(self, record: Record, event: Event) -> None:
        """Expect that of each try that did not end its job well it is told once how it ended."""
        if "over" in event:
            assert int(event["fence"]) == record.start, f"it tells of another start: {event}"
        else:
            ran = record.id in self.told and self.run_ms[record.id] >= 0
            is_bad = record.state in {State.FAILED, State.CANCELLED} and ran
            assert not is_bad, f"its try is not told of: {event}"
            assert record.state is not State.RETRYING, f"its try is not told of: {event}"

    def _check_row(self, record: Record, event: Event) -> None:
        """Expect that all that a worker tells of a stock client's job brings its row, and nothing else does."""
        is_workers = self.script in {"finish", "retry", "hand_back"} or record.id in self.told
        row = row_of(record.owner, record.id) if is_workers else ""
        assert event.get("row", "") == row, f"it has another row: {event}"

    def answer_to(self, held: Held, view: View) -> str:
        """Say what a worker must hear that acts on a run, while Redis is as in `view`."""
        record = self.jobs.get(held.id)
        if record is None or not record.is_unfinished:
            return "ended" if view.has_ended(held.id, held.run) else "unknown"
        if held.run != record.run:
            return "ended" if held.run < record.run else "unknown"
        return "taken" if held.fence < record.fence or view.is_foreign(held.id) else "ok"

    def unfinished(self) -> list[Record]:
        """Give the runs that have not ended."""
        return [record for record in self.jobs.values() if record.is_unfinished]

    def holder(self, name: str) -> str | None:
        """Say which unfinished job has a name."""
        return next((record.id for record in self.unfinished() if name and record.name == name), None)

    def count(self, record: Record, counter: str, part: str = "", amount: int = 1) -> None:
        """Count."""
        self.counts[counters.field_of(counter, record.pair, part)] += amount

    def _measure(self, record: Record, counter: str, ms: int) -> None:
        if ms >= 0:
            is_run = counter == counters.RUN_MS
            bounds = counters.RUN_BOUNDS_MS if is_run else counters.WAIT_BOUNDS_MS
            self.count(record, counter, str(sum(ms > bound for bound in bounds)))
            self.count(record, counters.RUN_MS_SUM if is_run else counters.WAIT_MS_SUM, amount=ms)

    # One state each ---------------------------------------------------------------------------------------------------

    def _begin(self, event: Event, state: State) -> None:
        spec = self.specs[event["id"]]
        known = self.jobs.get(spec.id)
        run = int(event["run"])
        assert known is None or run > known.run, f"a run begins anew: {event}"
        record = Record(spec.id, run, spec.queue, spec.owner, spec.task, state, priority=spec.priority)
        record.max_tries = spec.max_tries
        record.due, record.since = spec.due, max(self.now, spec.due)
        record.expires, record.name = spec.expires, spec.unique
        self.jobs[spec.id] = record
        assert self.script == "enqueue", event
        assert state is (State.SCHEDULED if spec.due > self.now else State.QUEUED), event
        self.count(record, counters.ENQUEUED)

    def _cancel_ahead(self, event: Event, state: State) -> None:
        """Note that a job was cancelled before Redis knew it."""
        assert state is State.CANCELLED, event
        spec = self.specs[event["id"]]
        record = Record(spec.id, int(event["run"]), spec.queue, spec.owner, spec.task, state, ended_at=self.now)
        self.jobs[spec.id] = record
        self.ends[record.id, record.run] += 1

    def _adopt(self, event: Event, state: State, after: View) -> None:
        """Take up a stock client's entry: the first that is told of it is that it runs, or was cancelled."""
        spec = self.specs[event["id"]]
        assert spec.owner == "arq", event
        record = Record(spec.id, int(event["run"]), spec.queue, "arq", "", State.QUEUED)
        self.jobs[spec.id] = record
        if state is State.CANCELLED:
            self._end(record, event)
        else:
            record.since = int(after.jobs[spec.id]["since"])
            self._run(record, event)

    def _queue(self, record: Record, event: Event) -> None:
        if record.state is State.RUNNING:
            self._put_back(record, event)
        else:
            assert self.script == "claim", event
            assert record.state in {State.SCHEDULED, State.RETRYING}, event
            assert record.since <= self.now, f"not due yet: {event}"
        record.state = State.QUEUED

    def _put_back(self, record: Record, event: Event) -> None:
        assert not record.is_wanted, f"it was to be cancelled: {event}"
        record.tries = max(record.tries - 1, 0)
        if self.script == "hand_back":
            record.fence = self.version
            self.count(record, counters.HANDED_BACK)
            return
        assert self.script == "claim", event
        assert record.lease_end <= self.now, f"the lease has not run out: {event}"
        assert not self.in_grace, f"no lease counts as lost now: {event}"
        assert event.get("over") == "lost", f"its try is not told of: {event}"
        record.lost += 1
        record.is_late = True
        self.count(record, counters.LOST)

    def _run(self, record: Record, event: Event) -> None:
        assert record.state is State.QUEUED, f"it was not waiting: {event}"
        record.state = State.RUNNING
        record.tries += 1
        record.lease_end = self.now + LEASE_MS
        if "fence" in event:
            assert self.script == "renew", event
            assert record.is_late, f"nothing to take up again: {event}"
            assert int(event["fence"]) == record.fence, event
            record.start = record.fence
            record.lost -= 1
            self.count(record, counters.RECOVERED)
        else:
            assert self.script == "claim", event
            assert not record.is_wanted, f"it was to be cancelled: {event}"
            assert not record.expires or self.now < record.expires, f"it has expired: {event}"
            assert self.version > record.fence
            assert not record.is_exhausted, f"it was lost too often to run: {event}"
            record.fence = record.start = self.version
            self.count(record, counters.STARTED)
            self._measure(record, counters.WAIT_MS, max(self.now - record.since, 0))
        record.is_late = False

    def _retry(self, record: Record, event: Event) -> None:
        assert self.script == "retry", event
        assert not record.is_wanted, f"it was to be cancelled: {event}"
        self._take_up(record)
        record.state = State.RETRYING
        record.fence = self.version
        self.count(record, counters.RETRIED)
        self._measure(record, counters.RUN_MS, self.run_ms[record.id])

    def _end(self, record: Record, event: Event) -> None:
        state = State(event["state"])
        if record.id in self.told:
            assert self.script in {"finish", "claim"}, event
            assert state is not State.FAILED or not record.is_wanted, f"it was cancelled: {event}"
            if not record.is_exhausted:
                self._take_up(record)
            if state is not State.CANCELLED:
                self._measure(record, counters.RUN_MS, self.run_ms[record.id])
        elif state is State.EXPIRED:
            assert self.script in {"claim", "tick"}, event
            assert record.state is not State.RUNNING, f"it has started in time: {event}"
            assert 0 < record.expires <= self.now, f"it has not expired: {event}"
        else:
            assert state is State.CANCELLED, event
            assert self.script in {"cancel", "claim", "tick", "retry", "hand_back"}, event
            assert record.is_wanted or self.script == "cancel" or record.id in self.aborted, f"nobody wants it: {event}"
        record.state = state
        record.ended_at, record.is_late = self.now, False
        self.ends[record.id, record.run] += 1
        self.count(record, counters.ENDED, record.state)

    @staticmethod
    def _take_up(record: Record) -> None:
        """Let a worker say something of a run that it holds, or held until its lease was lost."""
        assert record.state is State.RUNNING or record.is_late, f"nobody holds it: {record}"
        if record.is_late:
            record.tries, record.lost, record.is_late = record.tries + 1, record.lost - 1, False


_HANDLERS: dict[State, Callable[[Ledger, Record, Event], None]] = {
    State.QUEUED: Ledger._queue,
    State.RUNNING: Ledger._run,
    State.RETRYING: Ledger._retry,
}
