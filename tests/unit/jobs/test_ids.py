"""Job ids."""

import os
import random
import time
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from jobs.ids import job_id_of, new_job_id, new_job_ids, new_request_id

MOMENTS = st.integers(min_value=0, max_value=2**48 - 1)


@given(MOMENTS)
def test_an_id_is_a_uuid_of_version_7_that_holds_its_moment(moment: int) -> None:
    """Version, variant and the 48 bits of milliseconds are where RFC 9562 has them."""
    value = UUID(new_job_id(moment))
    assert (value.version, value.variant) == (7, RFC_4122)
    assert value.int >> 80 == moment


@given(MOMENTS, MOMENTS)
def test_the_order_of_ids_is_the_order_of_their_moments(one: int, other: int) -> None:
    """So the newest come last in any index over ids."""
    if one < other:
        assert new_job_id(one) < new_job_id(other)


def test_ids_of_one_moment_differ() -> None:
    """Many jobs are accepted within one millisecond."""
    assert len({new_job_id(1) for _ in range(10_000)}) == 10_000


def test_no_task_and_no_child_makes_ids_happen_again() -> None:
    """A task may seed the generator that all share; a forked process begins with the state of its parent."""
    made = set()
    for _ in range(2):
        random.seed(1)
        made |= {new_job_id(1), new_request_id()}
    ours, theirs = os.pipe()
    if not (child := os.fork()):
        os.write(theirs, f"{new_job_id(1)} {new_request_id()}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    made |= {*os.read(ours, 100).decode().split(), new_job_id(1), new_request_id()}
    os.close(ours)
    os.close(theirs)
    assert len(made) == 8
    assert {len(one) for one in made} == {32}


@given(st.text(), st.text(), MOMENTS, MOMENTS)
def test_a_cause_has_one_id_a_moment(one: str, other: str, moment: int, later: int) -> None:
    """Of the same form as all others, whoever makes it."""
    made = job_id_of(one, moment)
    assert made == job_id_of(one, moment)
    assert (made == job_id_of(other, later)) is ((one, moment) == (other, later))
    value = UUID(made)
    assert (value.version, value.variant, value.int >> 80) == (7, RFC_4122, moment)


def test_many_ids_at_once_are_such_ids_too_and_rise() -> None:
    """Of this moment, each another one, in the order that an index has them."""
    before, ids, after = new_job_id(), new_job_ids(10_000), time.time_ns() // 1_000_000
    assert ids == sorted(set(ids))
    assert len(ids) == 10_000
    assert {len(one) for one in ids} == {32}
    values = [UUID(one) for one in ids]
    assert {(value.version, value.variant) for value in values} == {(7, RFC_4122)}
    assert {int(before, 16) >> 80 <= value.int >> 80 <= after for value in values} == {True}
    variants, tails = {one[16] for one in ids}, {one[17:] for one in ids}
    assert (variants, len(tails)) == (set("89ab"), 10_000)
