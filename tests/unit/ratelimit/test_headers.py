"""What headers say of a decision."""

from ratelimit.bucket import Backend, BucketRequest, BucketState, Decision, Limit
from ratelimit.headers import headers_of, seconds_to_full

LIMIT = Limit(amount=200, period_s=60, burst=40)


def _state(policy: str, remaining: int, *, limit: Limit = LIMIT, wait_us: int | None = 0) -> BucketState:
    request = BucketRequest(policy=policy, key="user:nora", limit=limit)
    return BucketState(request=request, remaining=remaining, full_at_s=1_800_000_000, wait_us=wait_us)


def _said(*states: BucketState, admitted: bool = True, draft: bool = True) -> dict[str, str]:
    decision = Decision(admitted=admitted, states=states, backend=Backend.REDIS)
    return {name.decode(): value.decode() for name, value in headers_of(decision, draft=draft)}


def test_they_are_those_of_the_bucket_with_least_left() -> None:
    """As a share of what it holds; all policies are named."""
    guard = _state("ip_guard", 500, limit=Limit(amount=600, period_s=60, burst=600))
    assert _said(_state("default", 10), guard) == {
        "x-ratelimit-limit": "40",
        "x-ratelimit-remaining": "10",
        "x-ratelimit-reset": "1800000000",
        "ratelimit-policy": '"default";q=200;w=60, "ip_guard";q=600;w=60',
        "ratelimit": '"default";r=10;t=9',
    }


def test_of_those_that_deny_it_is_the_one_with_the_longest_wait() -> None:
    """Whose bucket looks emptier."""
    said = _said(_state("default", 0, wait_us=1), _state("sync_single", 0, wait_us=5_000_000), admitted=False)
    assert said["ratelimit"].startswith('"sync_single"')


def test_the_draft_s_can_be_left_out() -> None:
    """The others stay."""
    assert not [name for name in _said(_state("default", 3), draft=False) if name.startswith("ratelimit")]


def test_what_nobody_decided_says_nothing() -> None:
    """While Redis is away and the policy lets all pass."""
    assert headers_of(Decision(admitted=True, states=(), backend=Backend.OPEN), draft=True) == []


def test_the_time_to_full_is_rounded_up() -> None:
    """Of 200 a minute each token takes three tenths of a second."""
    assert [seconds_to_full(_state("default", left)) for left in (40, 39, 37, 36, 0)] == [0, 1, 1, 2, 12]
