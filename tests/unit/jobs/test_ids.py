"""Job ids."""

from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from jobs.ids import job_id_of, new_job_id

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


@given(st.text(), st.text(), MOMENTS, MOMENTS)
def test_a_cause_has_one_id_a_moment(one: str, other: str, moment: int, later: int) -> None:
    """Of the same form as all others, whoever makes it."""
    made = job_id_of(one, moment)
    assert made == job_id_of(one, moment)
    assert (made == job_id_of(other, later)) is ((one, moment) == (other, later))
    value = UUID(made)
    assert (value.version, value.variant, value.int >> 80) == (7, RFC_4122, moment)
