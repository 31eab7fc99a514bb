"""What the state machine draws: jobs, pauses, and who acts."""

from hypothesis import strategies as st

from tests.support.protocol import GAP_MS, LEASE_MS
from tests.support.protocol_words import Spec

QUEUES = ("qa", "qb")
OWNERS = ("ann", "ann", "bob", "system")
TIMES_MS = (1, 1_000, 4_000, 4_000, GAP_MS + 1, LEASE_MS + 1, 61_000, 130_000)

many = st.integers(0, 999)
queues = st.sampled_from(QUEUES)
workers = st.integers(0, 2)

Drawn = tuple[str, str, int, str, int, int, int, str]

specs = st.tuples(
    queues,
    st.sampled_from(OWNERS),
    st.integers(1, 10),
    st.sampled_from(("t", "t", "t", "rare")),
    st.sampled_from((0, 0, 0, 5_000, 40_000)),
    st.integers(1, 3),
    st.sampled_from((0, 0, 0, 8_000, 50_000)),
    st.sampled_from(("", "", "", "monday", "tuesday")),
)


def spec_of(drawn: Drawn) -> Spec:
    """Make a job of what was drawn; its times count from its submission on."""
    queue, owner, priority, task, due, max_tries, expires, name = drawn
    unique = f"{task}:{owner}:{name}" if name else ""
    return Spec(
        "",
        queue=queue,
        owner=owner,
        priority=priority,
        task=task,
        due=due,
        max_tries=max_tries,
        expires=expires,
        unique=unique,
    )
