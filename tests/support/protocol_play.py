"""A site played on the real scripts: each call is answered as the ledger expects, and all keys are looked at then."""

from jobs import keys
from tests.support import protocol_rules as rules
from tests.support.protocol import GAP_MS, LEASE_MS
from tests.support.protocol_claims import allowed, check_claim
from tests.support.protocol_clients import Clients
from tests.support.protocol_site import Ask, Site
from tests.support.protocol_stage import TASKS
from tests.support.protocol_words import Claim, End, Held, row_of

FRESH_MS = 60_000
RUN_MS = 100


class Play(Clients):
    """Three workers, of which the last alone knows each task, beside the clients."""

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
        self._same(claim.answers, expected)
        self.look("claim")
        return claim

    def _take(self, site: Site, jobs: list[Held]) -> None:
        for held in jobs:
            assert not self.ledger.jobs[held.id].is_wanted, f"{held.id} was to be cancelled, and is given out"
            site.known_at[held.fence] = self.world.now
        site.held += jobs

    def _is_held(self, held: Held) -> bool:
        record = self.ledger.jobs[held.id]
        is_same = record.run == held.run and record.fence == held.fence
        return is_same and record.state == "running" and held.id in self.view.payloads

    def renew(self, site: Site, part: list[Held]) -> None:
        """Renew some leases."""
        answers = [self.ledger.answer_to(held, self.view) for held in part]
        wanted = [
            answer == "ok" and self.ledger.jobs[held.id].is_wanted for held, answer in zip(part, answers, strict=True)
        ]
        expected = ["cancel" if is_wanted else answer for answer, is_wanted in zip(answers, wanted, strict=True)]
        self._same(self.world.renew(site.claimant.name, *part), expected)
        self.look("renew")
        for held, answer in zip(part, expected, strict=True):
            if answer in {"ok", "cancel"}:
                site.known_at[held.fence] = self.world.now
                self.ledger.jobs[held.id].lease_end = self.world.now + LEASE_MS
            elif answer != "unknown":
                site.held.remove(held)

    def end_of(self, site: Site, held: Held) -> End:
        """Say that a run has ended; the worker forgets it."""
        site.held.remove(held)
        ms = -1 if held.is_exhausted else RUN_MS
        end = End(held, ms=ms, fresh=self.is_fresh(site, held), row=row_of(held.owner, held.id))
        site.ended.append(end)
        return end

    def is_fresh(self, site: Site, held: Held) -> bool:
        """Say whether the worker has heard not long ago that a run is its own."""
        return self.world.now - site.known_at[held.fence] < FRESH_MS

    def finish(self, *ends: End) -> None:
        """Tell ends."""
        expected = self._expected(list(ends))
        self._same(self.world.finish(*ends), expected)
        self.look("finish")

    def _expected(self, ends: list[End]) -> list[str]:
        answers: list[str] = []
        accepted: set[str] = set()
        for end in ends:
            answer = self.ledger.answer_to(end.held, self.view)
            assert answer != "unknown" or not end.fresh, "a run is unknown that was known a minute ago"
            if end.held.id in accepted:
                answer = "ended"
            elif answer == "ok":
                accepted.add(end.held.id)
                self.ledger.told.add(end.held.id)
                self.ledger.run_ms[end.held.id] = end.ms
            answers.append(answer)
        return answers

    def retry(self, held: Held, delay: int) -> None:
        """Let a run be tried again; the call comes twice."""
        self.ledger.run_ms[held.id] = RUN_MS
        row = row_of(held.owner, held.id)
        expected = self.ledger.answer_to(held, self.view)
        if expected == "ok" and self.ledger.jobs[held.id].is_wanted:
            expected = "ended"
        self._same(self.world.retry(held, delay=delay, ms=RUN_MS, row=row), expected)
        self.look("retry")
        if expected == "ok":
            self.ledger.jobs[held.id].since = self.world.now + delay
            expected = "taken"
        self._same(self.world.retry(held, delay=delay, ms=RUN_MS, row=row), expected)
        self.look("retry")

    def hand_back(self, given: list[Held]) -> None:
        """Give runs back; the call comes twice."""
        rows = [row_of(held.owner, held.id) for held in given]
        for _ in range(2):
            answers = self.world.hand_back(*given, rows=rows)
            self._same(answers, [self.ledger.answer_to(held, self.view) for held in given])
            self.look("hand_back")

    def sweep(self) -> None:
        """Sweep: nobody is parked without cause then."""
        self.world.sweep()
        self.look("sweep")

    # The end ----------------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Let a worker that knows all and is bound by nothing do what is left; then time passes, and nothing stays."""
        zombies = [(site, held) for site in self.sites for held in site.held]
        self.sleep(rules.STOCK_MS)
        self.stock_die()
        for owner in self.view.content(keys.LIMITS, {}):
            self.limit(owner, None)
        for queue in self.view.paused:
            self.pause(queue, is_to_rest=False)
        site = self.new_site(len(TASKS))
        self.sites = [site]
        for _ in range(40):
            self.sleep(LEASE_MS // 3)
            self.sweep()
            self.tick()
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
            self.world.tick()
            rules.check_empty(self.world.look())
