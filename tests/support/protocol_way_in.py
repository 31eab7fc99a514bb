"""What clients do before a job is put in line: they take places, and claim idempotency keys. They may die meanwhile."""

from jobs import keys
from tests.support import protocol_rules as rules
from tests.support.protocol_stage import Stage
from tests.support.protocol_view import View
from tests.support.protocol_words import Spec, Use

BUSY_MS = 30_000
ANSWER = '{"id":1}'


class WayIn(Stage):
    """Those who are about to submit."""

    def admit(self, jobs: list[Spec], most: int) -> list[Spec]:
        """Take places for jobs, when who has no number of his own may have `most`; give those that have got one."""
        self.allow("*", most)
        free: dict[str, int] = {}
        expected: list[str] = []
        given: dict[str, dict[str, float]] = {}
        for job in jobs:
            taken = _taken(self.view, job.owner)
            may = self.view.most_of(job.owner)
            left = free.setdefault(job.owner, may - len(taken) - len(self.view.unfinished.get(job.owner, {})))
            if left > 0:
                free[job.owner] = left - 1
                given.setdefault(job.owner, taken)[job.id] = self.world.now + rules.PLACE_MS
            expected.append(f"ok:{left - 1}" if left > 0 else f"quota:0:{may}")
        self._same(self.world.admit(*((job.id, job.owner) for job in jobs)), expected)
        self.look("admit")
        for owner, places in given.items():
            self._same(self.view.reserved.get(owner, {}), places)
        return [job for job, answer in zip(jobs, expected, strict=True) if answer.startswith("ok:")]

    def allow(self, owner: str, most: int | None) -> None:
        """Let an owner, or with * everybody, have so many unfinished jobs."""
        self.world.allow(owner, most)
        self.look("limit")

    def give_back(self, jobs: list[Spec]) -> None:
        """Take no place after all."""
        for job in jobs:
            self.world.redis.zrem(keys.reserve(job.owner), job.id)
        self.look("")

    def use_key(self, name: str, print_: str, fate: str) -> None:
        """Claim a key; who is the first to have it answers, gives it up, does not know what became of it, or dies."""
        known, new_id = self.uses.get(name), f"{next(self._numbers):x}"
        expected = _word(known, print_, self.world.now, new_id)
        self._same(self.world.claim_key(name, print_, new_id), expected)
        self.look("claim_key")
        if expected[0] != "first":
            return
        self.uses[name] = use = Use(self.world.now + BUSY_MS, print_, expected[1])
        if fate == "answer":
            self.uses[name] = use._replace(till=0, answer=ANSWER)
            self._same(self.world.settle_key(name, use.id, f"done 0 {print_} {use.id} {ANSWER}"), 1)
        elif fate == "forget":
            del self.uses[name]
            self._same(self.world.settle_key(name, use.id, ""), 1)
        elif fate == "leave_open":
            self.uses[name] = use._replace(till=0)
            self._same(self.world.settle_key(name, use.id, f"busy 0 {print_} {use.id}"), 1)
        self.look("settle_key")


def _taken(view: View, owner: str) -> dict[str, float]:
    """Give the places of an owner whose time is not over."""
    return {job_id: till for job_id, till in view.reserved.get(owner, {}).items() if till > view.now}


def _word(known: Use | None, print_: str, now: int, new_id: str) -> tuple[str, str, str]:
    if known is None:
        return "first", new_id, ""
    if known.print != print_:
        return "mismatch", known.id, ""
    if known.answer:
        return "done", known.id, known.answer
    return ("busy" if known.till > now else "first"), known.id, ""
