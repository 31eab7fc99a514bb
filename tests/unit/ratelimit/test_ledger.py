"""What is counted of decisions until it is stored; it stays small whoever asks for whatever."""

from ratelimit.anomalies import FLOOR, KeyHistory, anomalies
from ratelimit.bucket import Backend, BucketRequest, BucketState, Decision, Limit
from ratelimit.ledger import KEPT_MINUTES, MOST_DENIALS, MOST_KEYS, Ledger, Outcome, PolicyCell, Refused, RouteCell
from ratelimit.policy import Subject, Tier

NORA = Subject.user("nora", Tier.NORMAL, "ip:192.0.2.1")
JOBS = "GET /api/jobs"


def _decision(subject: Subject = NORA, *, admitted: bool) -> Decision:
    limit = Limit(amount=60, period_s=60, burst=60)
    request = BucketRequest(policy="default", key=subject.key, limit=limit)
    state = BucketState(request=request, remaining=0, full_at_s=0, wait_us=0 if admitted else 7)
    return Decision(admitted=admitted, states=(state,), backend=Backend.REDIS)


def test_a_page_has_all_since_the_last() -> None:
    """By route and minute, by policy, by key, and each denial."""
    now_s = 600.0
    ledger = Ledger(clock=lambda: now_s)
    ledger.note(NORA, JOBS, _decision(admitted=True))
    for _ in range(2):
        ledger.note(NORA, JOBS, _decision(admitted=False))
    ledger.exempt("GET /healthz")
    page = ledger.take()
    assert page.routes == {
        RouteCell(10, JOBS, Outcome.ALLOWED): 1,
        RouteCell(10, JOBS, Outcome.DENIED): 2,
        RouteCell(10, "GET /healthz", Outcome.EXEMPT): 1,
    }
    assert page.policies[PolicyCell("default", "normal", Outcome.DENIED, Backend.REDIS)] == 2
    assert page.keys == {(10, "user:nora"): 3}
    assert page.denials == {Refused("user:nora", "default", JOBS): (600.0, 2)}
    assert not ledger.take()


def test_what_could_not_be_stored_is_added_to_what_comes() -> None:
    """Unless it is older than is kept at all."""
    now_s = 0.0
    ledger = Ledger(clock=lambda: now_s)
    ledger.note(NORA, JOBS, _decision(admitted=False))
    now_s = 60.0
    ledger.note(NORA, JOBS, _decision(admitted=False))
    page = ledger.take()
    ledger.give_back(page)
    ledger.note(NORA, JOBS, _decision(admitted=False))
    page = ledger.take()
    assert sum(page.routes.values()) == 3
    assert page.denials[Refused("user:nora", "default", JOBS)] == (60.0, 3)
    now_s = 60.0 * (KEPT_MINUTES + 1)
    ledger.give_back(page)
    assert {cell.minute for cell in ledger.take().routes} == {1}


def test_keys_and_denials_are_bounded() -> None:
    """Those beyond are counted by route and policy only."""
    ledger = Ledger(clock=lambda: 0.0)
    for number in range(MOST_KEYS + 500):
        subject = Subject.anonymous(f"ip:{number}")
        ledger.note(subject, JOBS, _decision(subject, admitted=False))
    page = ledger.take()
    assert len(page.keys) == MOST_KEYS
    assert len(page.denials) == MOST_DENIALS
    assert sum(page.routes.values()) == MOST_KEYS + 500
    ledger.note(NORA, JOBS, _decision(admitted=True))
    ledger.give_back(page)
    assert len(ledger.take().keys) == MOST_KEYS


def test_an_anomaly_is_far_above_its_own_past() -> None:
    """Not above that of others, and not what is little anyhow; the worst comes first."""
    histories = [
        KeyHistory(key="steady", recent=(90, 100), before=(95,) * 58),
        KeyHistory(key="little", recent=(FLOOR - 1, 0), before=(0,) * 58),
        KeyHistory(key="new", recent=(FLOOR, 0), before=(0,) * 58),
        KeyHistory(key="grown", recent=(10, 400), before=(20,) * 58),
        KeyHistory(key="five times", recent=(100, 0), before=(20,) * 58),
        KeyHistory(key="unknown", recent=(FLOOR + 1, 0), before=()),
    ]
    assert [one.key for one in anomalies(histories)] == ["grown", "unknown", "new"]
