"""A site played on the real scripts: each call is answered as the ledger expects, and all keys are looked at then."""

from itertools import count

from jobs import keys
from tests.support import protocol_rules as rules
from tests.support.protocol import GAP_MS, LEASE_MS, Claim, End, Held, Spec, World
from tests.support.protocol_claims import allowed, check_claim
from tests.support.protocol_ledger import Ledger, Record
from tests.support.protocol_scores import scores_of
from tests.support.protocol_site import Ask, Site
from tests.support.protocol_view import View

TASKS = ("t", "rare")
FRESH_MS = 60_000
LATE_MS = 60_000
RUN_MS = 100


class Play:
    """Three workers, of which the last alone knows each task, clients, and what stock arq does beside them."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.reset()
        self.ledger = Ledger()
        self.view: View = world.look()
        self.raw: set[str] = set()
        self.broken: set[str] = set()
        self.moved: set[str] = set()
        self.lent: set[str] = set()
        self.excused: set[str] = set()
        self._numbers = count(1)
        self.sites = [self.new_site(index) for index in range(3)]
        self.is_sound = True

    def new_site(self, index: int) -> Site:
        """Start a worker process."""
        known = TASKS if index == len(TASKS) else TASKS[:1]
        return Site(self.world.worker(f"w{next(self._numbers)}", tasks=known))

    def look(self, script: str) -> None:
        """Read what a script has told, and look at everything."""
        self.is_sound = False
        self.view = self.world.look()
        self.ledger.now, self.ledger.script = self.world.now, script
        self.ledger.read(self.view)
        rules.check_all(self.view, self.ledger, raw=self.raw, broken=self.broken, moved=self.moved, lent=self.lent)
        rules.check_awake(self.view)
        if script == "sweep":
            self.excused.clear()
        rules.check_released(self.view, self.excused)
        self.is_sound = True

    def sleep(self, ms: int) -> None:
        """Let time pass; what a stock worker has held until then, the next poll of somebody finds."""
        held = set(filter(self.view.is_foreign, self.view.holders))
        self.world.sleep(ms)
        now = self.world.now
        self.excused |= {owner for owner, ends in self.view.running.items() if min(ends.values()) <= now}
        if held:
            self._poll()
        self.look("")

    def limit(self, owner: str, most: int | None) -> None:
        """Let an owner run more, or fewer."""
        self.world.limit(owner, most)
        if owner == "*":
            self.excused |= self.view.parked_owners
        self.look("limit")

    # Clients ----------------------------------------------------------------------------------------------------------

    def enqueue(self, jobs: list[Spec]) -> None:
        """Submit."""
        new = [job._replace(id=f"j{next(self._numbers)}", due=job.due and self.world.now + job.due) for job in jobs]
        self.ledger.specs |= {job.id: job for job in new}
        expected = scores_of(new, self.view)
        rules.same(self.world.enqueue(*new), ["scheduled" if job.due else "queued" for job in new])
        self.look("enqueue")
        rules.same({job_id: float(self.view.jobs[job_id]["s"]) for job_id in expected}, expected)

    def enqueue_late(self, job: Record, age: int) -> None:
        """Submit what is there, or was `age` ms ago, once more: it never starts again."""
        spec = self.ledger.specs[job.id]._replace(run=job.run)
        expected = "old" if age > LATE_MS else "known" if job.is_unfinished else "ended"
        rules.same(self.world.enqueue(spec, issued=self.world.now - age), [expected])
        self.look("enqueue")

    def enqueue_anew(self, job: Record) -> None:
        """Submit another run of a job."""
        spec = self.ledger.specs[job.id]._replace(run=job.run + 1, due=0)
        self.ledger.specs[job.id] = spec
        self.broken.discard(job.id)
        rules.same(self.world.enqueue(spec), ["queued"])
        self.look("enqueue")

    # Workers ----------------------------------------------------------------------------------------------------------

    def claim(self, site: Site, queue: str, slots: int, ends: int = 0, *, unheard_on: int | None = None) -> None:
        """Tell ends and ask for jobs, on the lane 0 if the answer is heard; where one was not, the same once more."""
        lane = unheard_on or 0
        if lane in site.unheard:
            self._claim_again(site, site.unheard.pop(lane))
            return
        told = [self.end_of(site, held) for held in site.held[:ends]]
        ask = Ask(f"{next(self._numbers)}-{lane}", queue, slots, allowed(site.held), told)
        before = self.view
        claim = self._ask(site, ask)
        check_claim(
            claim, before, self.view, queue=queue, slots=slots, suspects=ask.suspects, tasks=site.claimant.tasks
        )
        ask.jobs = claim.jobs
        if unheard_on is None:
            self._take(site, claim.jobs)
        else:
            site.unheard[lane] = ask

    def _claim_again(self, site: Site, ask: Ask) -> None:
        lane = ask.request.partition("-")[2]
        is_remembered = f"{keys.CLAIM}{site.claimant.name}:{ask.queue}-{lane}" in self.view.keys
        started = {name: amount for name, amount in self.view.counters.items() if name.startswith("started")}
        jobs = self._ask(site, ask).jobs
        if is_remembered and any(not held.is_exhausted for held in ask.jobs):
            assert sorted(jobs) == sorted(filter(self._is_held, ask.jobs)), "a repetition gave other jobs"
            assert started.items() <= self.view.counters.items(), "a repetition has started jobs"
        self._take(site, jobs)

    def _ask(self, site: Site, ask: Ask) -> Claim:
        expected = self._expected(ask.ends)
        is_silent = self.world.now - int(self.view.content(keys.ALIVE, self.world.now)) > GAP_MS
        self.ledger.in_grace = is_silent or keys.GRACE in self.view.keys
        self.world.redis.lpop(keys.wake(ask.queue))
        claim = site.claimant.claim(
            ask.slots, queue=ask.queue, suspects=ask.suspects, ends=ask.ends, request=ask.request
        )
        rules.same(claim.answers, expected)
        self.look("claim")
        return claim

    def _take(self, site: Site, jobs: list[Held]) -> None:
        for held in jobs:
            site.known_at[held.fence] = self.world.now
        site.held += jobs

    def _is_held(self, held: Held) -> bool:
        record = self.ledger.jobs[held.id]
        is_same = record.run == held.run and record.fence == held.fence
        return is_same and record.state == "running" and held.id in self.view.payloads

    def renew(self, site: Site, part: list[Held]) -> None:
        """Renew some leases."""
        expected = [self.ledger.answer_to(held, self.view) for held in part]
        rules.same(self.world.renew(site.claimant.name, *part), expected)
        self.look("renew")
        for held, answer in zip(part, expected, strict=True):
            if answer == "ok":
                site.known_at[held.fence] = self.world.now
                self.ledger.jobs[held.id].lease_end = self.world.now + LEASE_MS
            elif answer != "unknown":
                site.held.remove(held)

    def end_of(self, site: Site, held: Held) -> End:
        """Say that a run has ended; the worker forgets it."""
        site.held.remove(held)
        end = End(held, ms=-1 if held.is_exhausted else RUN_MS, fresh=self.is_fresh(site, held))
        site.ended.append(end)
        return end

    def is_fresh(self, site: Site, held: Held) -> bool:
        """Say whether the worker has heard not long ago that a run is its own."""
        return self.world.now - site.known_at[held.fence] < FRESH_MS

    def finish(self, *ends: End) -> None:
        """Tell ends."""
        expected = self._expected(list(ends))
        rules.same(self.world.finish(*ends), expected)
        self.look("finish")

    def _expected(self, ends: list[End]) -> list[str]:
        answers: list[str] = []
        for index, end in enumerate(ends):
            answer = self.ledger.answer_to(end.held, self.view)
            assert answer != "unknown" or not end.fresh, "a run is unknown that was known a minute ago"
            if answer == "ok":
                if any(other.held.id == end.held.id for other in ends[:index]):
                    answer = "ended"
                else:
                    self.ledger.run_ms[end.held.id] = end.ms
            answers.append(answer)
        return answers

    def retry(self, held: Held, delay: int) -> None:
        """Let a run be tried again; the call comes twice."""
        self.ledger.run_ms[held.id] = RUN_MS
        expected = self.ledger.answer_to(held, self.view)
        rules.same(self.world.retry(held, delay=delay, ms=RUN_MS), expected)
        self.look("retry")
        if expected == "ok":
            self.ledger.jobs[held.id].since = self.world.now + delay
            expected = "taken"
        rules.same(self.world.retry(held, delay=delay, ms=RUN_MS), expected)
        self.look("retry")

    def hand_back(self, given: list[Held]) -> None:
        """Give runs back; the call comes twice."""
        for _ in range(2):
            rules.same(self.world.hand_back(*given), [self.ledger.answer_to(held, self.view) for held in given])
            self.look("hand_back")

    def sweep(self) -> None:
        """Sweep: nobody is parked without cause then."""
        self.world.sweep()
        self.look("sweep")

    # Strangers --------------------------------------------------------------------------------------------------------

    def stock_enqueue(self, queue: str) -> None:
        """Submit as a stock client does."""
        spec = Spec(f"s{next(self._numbers)}", queue=queue, owner="arq", at=self.world.now, max_tries=5)
        self.ledger.specs[spec.id] = spec
        self.raw.add(spec.id)
        self.world.redis.set(keys.PAYLOAD + spec.id, spec.payload)
        self.world.redis.zadd(keys.queue(queue), {spec.id: self.world.now})
        self.look("")

    def stock_take(self, job_id: str) -> None:
        """Hold a job as a stock worker does."""
        self.lent.add(job_id)
        self.world.redis.set(keys.IN_PROGRESS + job_id, "1", px=rules.STOCK_MS)
        self.look("")

    def stock_die(self) -> None:
        """Let all of their holds run out, and somebody poll."""
        for job_id in filter(self.view.is_foreign, self.view.holders):
            self.world.redis.delete(keys.IN_PROGRESS + job_id)
        self._poll()
        self.look("")

    def _poll(self) -> None:
        for queue in self.view.queues:
            self.world.redis.rpush(keys.wake(queue), "1")

    def stock_move(self, job_id: str, score: float) -> None:
        """Give an entry another score, as stock arq's abort and retry do."""
        self.moved.add(job_id)
        self.world.redis.zadd(keys.queue(self.view.jobs[job_id]["q"]), {job_id: score}, xx=True)
        self.look("")

    def lose_payload(self, job_id: str) -> None:
        """Lose a payload."""
        self.broken.add(job_id)
        self.world.redis.delete(keys.PAYLOAD + job_id)
        self.look("")

    # The end ----------------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Let a worker that knows all and is bound by nothing do what is left; then time passes, and nothing stays."""
        zombies = [(site, held) for site in self.sites for held in site.held]
        self.sleep(rules.STOCK_MS)
        self.stock_die()
        for owner in self.view.content(keys.LIMITS, {}):
            self.limit(owner, None)
        site = self.new_site(len(TASKS))
        self.sites = [site]
        for _ in range(40):
            self.sleep(LEASE_MS // 3)
            self.sweep()
            for queue in sorted(self.view.queues):
                self.claim(site, queue, 50, 50)
            if not self._is_left() and not site.held:
                break
        assert not self._is_left(), f"not drained: {self.view.jobs} {self.view.places}"
        for site, held in zombies:
            self.finish(self.end_of(site, held))
        self._see_nothing()

    def _is_left(self) -> bool:
        return bool(self.view.jobs.keys() - self.broken or self.raw & self.view.payloads.keys())

    def _see_nothing(self) -> None:
        for job_id in self.broken & self.view.jobs.keys():
            assert self.view.places[job_id][0].band == "quarantine"
        for record in self.ledger.jobs.values():
            assert record.is_unfinished is (record.id in self.broken & self.view.jobs.keys())
        if not self.broken & self.view.jobs.keys():
            self.world.sweep()
            self.world.sleep(4 * 3_600_000)
            rules.check_empty(self.world.look())
