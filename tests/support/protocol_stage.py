"""A site played on the real scripts: what it knows of itself, and the look at all keys after each call."""

from itertools import count

from jobs import keys
from tests.support import protocol_rules as rules
from tests.support.protocol import World
from tests.support.protocol_ledger import Ledger
from tests.support.protocol_site import Site
from tests.support.protocol_view import View
from tests.support.protocol_words import Use

TASKS = ("t", "rare")


class Stage:
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
        self.uses: dict[str, Use] = {}
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
        for job_id in self.ledger.aborted & self.ledger.jobs.keys():  # whose worker has been told by now
            self.ledger.jobs[job_id].is_wanted |= "cx" in self.view.jobs.get(job_id, {})
        self.ledger.told.clear()
        rules.check_all(self.view, self.ledger, raw=self.raw, broken=self.broken, moved=self.moved, lent=self.lent)
        rules.check_awake(self.view)
        if script == "sweep":
            self.excused.clear()
        if script == "tick":
            rules.check_heeded(self.view, self.ledger)
        rules.check_released(self.view, self.excused)
        self.is_sound = True

    def _same(self, got: object, expected: object) -> None:
        self.is_sound = got == expected
        rules.same(got, expected)

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

    def _poll(self) -> None:
        for queue in self.view.queues:
            self.world.redis.rpush(keys.wake(queue), "1")
