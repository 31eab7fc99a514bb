"""A state machine that lets clients, workers, crashes and strangers act on the queue in any order."""

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from jobs.model import State
from jobs.scoring import Band
from tests.support.protocol import LEASE_MS
from tests.support.protocol_draws import OWNERS, QUEUES, TIMES_MS, Drawn, many, queues, spec_of, specs, workers
from tests.support.protocol_ledger import Record
from tests.support.protocol_site import Site
from tests.support.protocol_way_in_rules import WayInRules
from tests.support.protocol_words import Held


class Machine(WayInRules):
    """Each rule is something that somebody does; what it must lead to, the play knows."""

    @initialize(most=st.sampled_from((1, 2)), jobs=st.lists(specs, min_size=2, max_size=6))
    def begin(self, most: int, jobs: list[Drawn]) -> None:
        """Everybody may run two jobs at once, but one of the owners, who may have to do with one."""
        self.play.limit("*", 2)
        self.play.limit("ann", most)
        self.enqueue(jobs)

    # Clients ----------------------------------------------------------------------------------------------------------

    @rule(jobs=st.lists(specs, min_size=1, max_size=3))
    def enqueue(self, jobs: list[Drawn]) -> None:
        """A client submits; what is not due is scheduled."""
        self.play.enqueue([spec_of(job) for job in jobs])

    @rule(which=many)
    def cancel(self, which: int) -> None:
        """Somebody cancels what has not ended, or had not a moment ago."""
        since = self.play.world.now - 60_000
        if known := [job for job in self._ours() if job.is_unfinished or job.ended_at >= since]:
            self.play.cancel(known[which % len(known)])

    @rule(job=specs)
    def cancel_ahead(self, job: Drawn) -> None:
        """Somebody cancels what is still on its way."""
        self.play.cancel_ahead(spec_of(job)._replace(expires=0))

    @rule(queue=queues, is_to_rest=st.booleans())
    def pause(self, queue: str, *, is_to_rest: bool) -> None:
        """A queue is to rest, or to go on."""
        self.play.pause(queue, is_to_rest=is_to_rest)

    @rule(which=many, age=st.sampled_from((0, 0, 1_000, 30_000, 59_000, 61_000)))
    def enqueue_late(self, which: int, age: int) -> None:
        """A submission arrives again, of somebody who saw the job unfinished `age` ms ago."""
        issued = self.play.world.now - age
        known = [job for job in self._ours() if job.is_unfinished or job.ended_at >= issued]
        if known:
            self.play.enqueue_late(known[which % len(known)], age)

    @precondition(lambda self: any(not job.is_unfinished for job in self._ours()))
    @rule(which=many)
    def enqueue_anew(self, which: int) -> None:
        """An ended job is retried by hand."""
        ended = [job for job in self._ours() if not job.is_unfinished]
        self.play.enqueue_anew(ended[which % len(ended)])

    @rule(owner=st.sampled_from((*OWNERS, "*")), most=st.sampled_from((None, 0, 1, 1, 2, 3)))
    def set_limit(self, owner: str, most: int | None) -> None:
        """An owner may run more at once, or fewer."""
        self.play.limit(owner, most)

    # Workers ----------------------------------------------------------------------------------------------------------

    @rule(
        index=workers, queue=queues, slots=st.integers(0, 3), ends=st.integers(0, 2), lane=st.sampled_from((None, 0, 1))
    )
    def claim(self, index: int, queue: str, slots: int, ends: int, lane: int | None) -> None:
        """A worker tells what has ended and asks for more; it may not hear the answer, and asks beside that."""
        self.play.claim(self.play.sites[index], queue, slots, ends, unheard_on=lane)

    @precondition(lambda self: any(site.unheard for site in self.play.sites))
    @rule(which=many)
    def claim_again(self, which: int) -> None:
        """A worker that has heard no answer repeats its request."""
        asked = [(site, lane) for site in self.play.sites for lane in site.unheard]
        site, lane = asked[which % len(asked)]
        self.play.claim(site, "", 0, unheard_on=lane)

    @rule(index=workers, queue=queues, slots=st.integers(1, 3))
    def claim_more(self, index: int, queue: str, slots: int) -> None:
        """A worker with free slots asks for jobs."""
        self.play.claim(self.play.sites[index], queue, slots)

    @rule(slots=st.integers(1, 3))
    def all_claim(self, slots: int) -> None:
        """Each worker asks for jobs of each queue."""
        for site in self.play.sites:
            for queue in QUEUES:
                self.play.claim(site, queue, slots)

    @precondition(lambda self: self._held())
    @rule(index=workers, some=st.integers(0, 3))
    def renew(self, index: int, some: int) -> None:
        """A worker renews its leases, or some of them."""
        site = self.play.sites[index]
        self.play.renew(site, site.held[some - 1 :] if some else list(site.held))

    @precondition(lambda self: self._late())
    @rule(which=many, does=st.sampled_from(("renew", "finish", "retry", "hand_back")))
    def come_back(self, which: int, does: str) -> None:
        """A worker that hung says something of a run whose lease it has lost, and that nobody has taken since."""
        late = self._late()
        site, held = late[which % len(late)]
        if does == "renew":
            self.play.renew(site, [held])
        elif does == "finish":
            self.play.finish(self.play.end_of(site, held))
        else:
            site.held.remove(held)
            if does == "retry":
                self.play.retry(held, 0)
            else:
                self.play.hand_back([held])

    @precondition(lambda self: self._held())
    @rule(
        which=many,
        kind=st.sampled_from(("succeeded", "failed", "cancelled")),
        keep=st.sampled_from((0, 60_000, 3_600_000)),
        times=st.integers(1, 2),
    )
    def finish(self, which: int, kind: str, keep: int, times: int) -> None:
        """A worker tells an end, perhaps twice in one call; the job may be another's by now."""
        site, held = self._one_held(which)
        end = self.play.end_of(site, held)._replace(kind=kind, keep=keep)
        self.play.finish(*[end] * times)

    @precondition(lambda self: self._wanted())
    @rule(which=many, does=st.sampled_from(("succeeded", "failed", "cancelled", "retry", "hand_back")))
    def stop(self, which: int, does: str) -> None:
        """What was to be cancelled has come to its end on its worker, in whatever way."""
        wanted = self._wanted()
        site, held = wanted[which % len(wanted)]
        if does in {"succeeded", "failed", "cancelled"}:
            self.play.finish(self.play.end_of(site, held)._replace(kind=does))
            return
        site.held.remove(held)
        if does == "retry":
            self.play.retry(held, 1_000)
        else:
            self.play.hand_back([held])

    @precondition(lambda self: self._given())
    @rule(which=many)
    def cancel_given(self, which: int) -> None:
        """Somebody cancels what a worker has, or was given in an answer that it has not heard."""
        given = self._given()
        self.play.cancel(given[which % len(given)])

    @precondition(lambda self: any(site.unheard for site in self.play.sites))
    @rule()
    def cancel_unheard(self) -> None:
        """Somebody cancels what was given in such an answer; then it is asked for again."""
        for site in self.play.sites:
            for lane, ask in list(site.unheard.items()):
                for job in {job.id: job for job in self._given() for held in ask.jobs if held.id == job.id}.values():
                    self.play.cancel(job)
                self.play.claim(site, "", 0, unheard_on=lane)

    @precondition(lambda self: any(site.ended for site in self.play.sites))
    @rule(which=many)
    def finish_again(self, which: int) -> None:
        """An end is told again."""
        told = [(site, end) for site in self.play.sites for end in site.ended]
        site, end = told[which % len(told)]
        end = end._replace(fresh=self.play.is_fresh(site, end.held))
        self.play.finish(end)

    @precondition(lambda self: self._held())
    @rule(which=many, delay=st.sampled_from((0, 1_000, 30_000)))
    def retry(self, which: int, delay: int) -> None:
        """A try has failed, and another is to follow."""
        site, held = self._one_held(which)
        site.held.remove(held)
        self.play.retry(held, delay)

    @precondition(lambda self: self._held())
    @rule(which=many, most=st.integers(1, 3))
    def hand_back(self, which: int, most: int) -> None:
        """A worker gives back what it has stopped."""
        site, _ = self._one_held(which)
        given, site.held = site.held[:most], site.held[most:]
        self.play.hand_back(given)

    @rule(index=workers)
    def crash(self, index: int) -> None:
        """A worker is killed; another comes in its place."""
        self.play.sites[index] = self.play.new_site(index)

    # Time, the sweep, and strangers -----------------------------------------------------------------------------------

    @rule(ms=st.sampled_from(TIMES_MS))
    def wait(self, ms: int) -> None:
        """Time passes in which nobody is heard of."""
        self.play.sleep(ms)

    @rule(index=workers, times=st.integers(1, 5), slots=st.integers(0, 2))
    def others_hang(self, index: int, times: int, slots: int) -> None:
        """One worker goes on, restores what is due and takes some of it; the leases of the others run out."""
        site = self.play.sites[index]
        for _ in range(times):
            self.play.sleep(LEASE_MS // 3)
            self.play.renew(site, list(site.held))
        for queue in QUEUES:
            self.play.claim(site, queue, slots)

    @rule()
    def tick(self) -> None:
        """A second is over."""
        self.play.tick()

    @rule(which=many)
    def stock_abort(self, which: int) -> None:
        """A stock client wants a job aborted."""
        self._on_one(lambda job_id: job_id not in self.play.broken, which, self.play.stock_abort)

    @rule()
    def sweep(self) -> None:
        """A worker sweeps: nobody is parked without cause then, or waits for what was cancelled."""
        self.play.sweep()
        self.play.close_gaps()

    @rule(which=many)
    def stock_takes(self, which: int) -> None:
        """A stock worker takes hold of a job that nobody holds."""
        self._on_one(lambda job_id: job_id not in self.play.view.holders, which, self.play.stock_take)

    @rule(which=many, kind=st.sampled_from(("die", "die", "enqueue", "move", "lose")), data=st.data())
    def stranger(self, which: int, kind: str, data: st.DataObject) -> None:
        """A stock client or worker acts, or a payload is lost."""
        play = self.play
        if kind == "die":
            play.stock_die()
        elif kind == "enqueue":
            play.stock_enqueue(QUEUES[which % len(QUEUES)])
        elif kind == "move":
            score = data.draw(st.sampled_from((0, 1, 999_999_999_999, 7e15)))
            ours = play.view.jobs.keys() - play.broken
            self._on_one(ours.__contains__, which, lambda job_id: play.stock_move(job_id, score))
        elif not play.broken:
            waiting = {job.id for job in self._ours() if job.state is State.QUEUED}
            self._on_one(waiting.__contains__, which, play.lose_payload)

    def teardown(self) -> None:
        """It all comes to an end: each run ends once, and nothing is left."""
        if self.play.is_sound:
            self.play.drain()

    def _ours(self) -> list[Record]:
        return [job for job in self.play.ledger.jobs.values() if job.owner != "arq"]

    def _late(self) -> list[tuple[Site, Held]]:
        """Give who holds what by a lost lease that nobody has taken; if some of that is parked, that alone."""
        jobs, view = self.play.ledger.jobs, self.play.view
        late = [(site, one) for site, one in self._held() if jobs[one.id].is_late and jobs[one.id].fence == one.fence]
        return [(site, one) for site, one in late if view.places[one.id][0].band is Band.PARKED] or late

    def _wanted(self) -> list[tuple[Site, Held]]:
        jobs = self.play.ledger.jobs
        return [(site, one) for site, one in self._held() if jobs[one.id].is_wanted and jobs[one.id].fence == one.fence]

    def _given(self) -> list[Record]:
        heard = {held.id for site in self.play.sites for held in site.held}
        unheard = {held.id for site in self.play.sites for ask in site.unheard.values() for held in ask.jobs}
        return [job for job in self._ours() if job.is_unfinished and job.id in heard | unheard]

    def _held(self) -> list[tuple[Site, Held]]:
        return [(site, one) for site in self.play.sites for one in site.held]

    def _one_held(self, which: int) -> tuple[Site, Held]:
        held = self._held()
        return held[which % len(held)]

    def _on_one(self, fits: Callable[[str], bool], which: int, act: Callable[[str], None]) -> None:
        fitting = sorted(filter(fits, self.play.view.places))
        if fitting:
            act(fitting[which % len(fitting)])
