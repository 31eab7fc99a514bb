"""The state machine's rules for what clients do before a job is put in line."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.support.protocol import World
from tests.support.protocol_draws import OWNERS, Drawn, spec_of, specs
from tests.support.protocol_play import Play


class WayInRules(RuleBasedStateMachine):
    """Places and idempotency keys, of those who submit and of those who die meanwhile."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.play = Play(world)

    @rule(
        jobs=st.lists(specs, min_size=1, max_size=3),
        most=st.sampled_from((1, 3, 9, 100)),
        fate=st.sampled_from(("enqueue", "enqueue", "give_back", "die")),
    )
    def submit(self, jobs: list[Drawn], most: int, fate: str) -> None:
        """A client takes places first; some come no further."""
        self.play.submit([spec_of(job) for job in jobs], most, fate)

    @rule(owner=st.sampled_from(OWNERS), most=st.sampled_from((None, 0, 2, 20)))
    def allow(self, owner: str, most: int | None) -> None:
        """An owner may have more or fewer than others."""
        self.play.allow(owner, most)

    @rule(jobs=st.lists(specs, min_size=1, max_size=2), most=st.sampled_from((1, 3, 9)))
    def outlive(self, jobs: list[Drawn], most: int) -> None:
        """Clients die with places, and others come after them."""
        self.play.outlive([spec_of(job) for job in jobs], most)

    @rule(
        name=st.sampled_from(("ann:1", "ann:2")),
        print_=st.sampled_from(("a", "a", "a", "b")),
        fate=st.sampled_from(("answer", "forget", "leave_open", "die")),
    )
    def use_key(self, name: str, print_: str, fate: str) -> None:
        """A client claims an idempotency key."""
        self.play.use_key(name, print_, fate)
