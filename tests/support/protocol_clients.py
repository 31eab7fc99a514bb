"""What clients do to the queue, and what stock arq does beside them."""

from jobs import keys
from jobs.model import State
from tests.support import protocol_rules as rules
from tests.support.protocol_ledger import Record
from tests.support.protocol_scores import ranked_anew, scores_of
from tests.support.protocol_way_in import WayIn
from tests.support.protocol_words import Spec

LATE_MS = 60_000


class Clients(WayIn):
    """Those who submit, cancel and pause; and strangers, who know nothing of us."""

    def enqueue(self, jobs: list[Spec]) -> None:
        """Submit."""
        now = self.world.now
        new = [
            job._replace(
                id=job.id or f"j{next(self._numbers)}",
                due=job.due and now + job.due,
                expires=job.expires and now + job.expires,
            )
            for job in jobs
        ]
        answers: list[str] = []
        names: dict[str, str] = {}
        for job in new:
            holder = names.get(job.unique) or self.ledger.holder(job.unique)
            answers.append(f"unique:{holder}" if holder else "scheduled" if job.due else "queued")
            if job.unique and not holder:
                names[job.unique] = job.id
        taken = [job for job, answer in zip(new, answers, strict=True) if not answer.startswith("unique")]
        self.ledger.specs |= {job.id: job for job in taken}
        expected = scores_of(taken, self.view)
        self._same(self.world.enqueue(*new), answers)
        self.look("enqueue")
        self._same({job_id: float(self.view.jobs[job_id]["s"]) for job_id in expected}, expected)

    def submit(self, jobs: list[Spec], most: int, fate: str) -> None:
        """Take places, and then submit, or give them back, or die."""
        admitted = self.admit([job._replace(id=f"j{next(self._numbers)}") for job in jobs], most)
        if fate == "enqueue":
            self.enqueue(admitted)
        elif fate == "give_back":
            self.give_back(admitted)

    def outlive(self, jobs: list[Spec], most: int) -> None:
        """Let clients die one after the other, so that the last finds places of the first whose time is over."""
        for _ in range(3):
            self.submit(jobs, most, "die")
            self.sleep(rules.PLACE_MS // 2 + 1)

    def enqueue_late(self, job: Record, age: int) -> None:
        """Submit what is there, or was `age` ms ago, once more: it never starts again."""
        spec = self.ledger.specs[job.id]._replace(run=job.run)
        expected = "old" if age > LATE_MS else "known" if job.is_unfinished else "ended"
        self._same(self.world.enqueue(spec, issued=self.world.now - age), [expected])
        self.look("enqueue")

    def enqueue_anew(self, job: Record) -> None:
        """Submit another run of a job."""
        spec = self.ledger.specs[job.id]._replace(run=job.run + 1, due=0, expires=0)
        if holder := self.ledger.holder(spec.unique):
            self._same(self.world.enqueue(spec), [f"unique:{holder}"])
        else:
            self.ledger.specs[job.id] = spec
            self.ledger.aborted.discard(job.id)
            self.broken.discard(job.id)
            self._same(self.world.enqueue(spec), ["queued"])
        self.look("enqueue")

    def cancel(self, job: Record) -> None:
        """Cancel a run; the call comes twice."""
        if not job.is_unfinished:
            expected, again = "ended", "ended"
        elif job.state is State.RUNNING or self.view.is_foreign(job.id):
            expected, again = "asked", "asked"
            job.is_wanted = True
        else:
            expected, again = "stopped" if job.fence else "cancelled", "ended"
        line, before = f"{job.queue}:{job.owner}", self.view.content(keys.CANCELLED, {})
        leaves_gap = expected in {"cancelled", "stopped"} and job.state is not State.SCHEDULED
        self._same(self.world.cancel((job.id, job.run)), [expected])
        self.look("cancel")
        gaps = self.view.content(keys.CANCELLED, {}).get(line, 0) - before.get(line, 0)
        self._same(gaps, int(leaves_gap))
        self._same(self.world.cancel((job.id, job.run)), [again])
        self.look("cancel")

    def cancel_ahead(self, job: Spec) -> None:
        """Cancel what is still on its way; it comes too late then."""
        spec = job._replace(id=f"j{next(self._numbers)}", due=0)
        self.ledger.specs[spec.id] = spec
        self._same(self.world.cancel((spec.id, 1)), ["cancelled"])
        self.look("cancel")
        self._same(self.world.enqueue(spec), ["ended"])
        self.look("enqueue")

    def pause(self, queue: str, *, is_to_rest: bool) -> None:
        """Let a queue rest, or go on."""
        self.world.pause(queue, since=self.world.now if is_to_rest else None)
        self.look("pause")

    def tick(self) -> None:
        """Do what each worker does each second."""
        self.world.tick("qa", "qb")
        self.look("tick")

    def close_gaps(self) -> None:
        """Let those wait no longer who stood behind what was cancelled."""
        expected: dict[str, float] = {}
        for line in self.view.content(keys.CANCELLED, {}):
            expected |= ranked_anew(line, self.view)
        self.world.close_gaps()
        self.look("rerank")
        self._same({job_id: float(self.view.jobs[job_id]["s"]) for job_id in expected}, expected)
        self._same(self.view.content(keys.CANCELLED, {}), {})

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

    def stock_abort(self, job_id: str) -> None:
        """Do as stock `Job.abort()` does: put what is not due at the front, and say so."""
        place = self.view.places[job_id][0]
        if place.score > self.world.now:
            self.moved.add(job_id)
            self.world.redis.zadd(keys.queue(place.queue), {job_id: 1}, xx=True)
        self.ledger.aborted.add(job_id)
        self.world.redis.zadd(keys.ABORT, {job_id: self.world.now})
        self.look("")

    def stock_die(self) -> None:
        """Let all of their holds run out, and somebody poll."""
        for job_id in filter(self.view.is_foreign, self.view.holders):
            self.world.redis.delete(keys.IN_PROGRESS + job_id)
        self._poll()
        self.look("")

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
