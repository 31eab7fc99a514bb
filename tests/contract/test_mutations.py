"""The state machine of the protocol notices when a rule is taken out of the scripts."""

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.support.protocol import World, opened
from tests.support.protocol_edits import Edit
from tests.support.protocol_schedules import play_schedules

# Several short series find more than a long one. Most rules are noticed within the first, and `SOONER` has another one
# for those that are not, or late: a rule that takes long to miss could be missed altogether.
FIRST = 11
SOONER = {
    "suspects run one at a time": 23,
    "what was lost too often does not run": 23,
    "who may run is freed in each queue": 15,
    "a batch counts itself": 17,
    "a stock worker's hold is respected": 45,
    "a retry ends what was cancelled": 45,
    "a hand-back ends what was cancelled": 13,
    "what was cancelled does not fail": 45,
    "what was cancelled keeps nobody waiting": 17,
    "nobody is put back": 21,
    "a queue rests": 36,
    "who goes on is woken": 20,
    "an owner's own number counts": 31,
    "a place of the dead is free again": 34,
}
SERIES = 30
SIZE = settings(
    max_examples=12,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    print_blob=False,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

RULES: dict[str, Edit] = {
    "the highest fence wins": ("if fence < tonumber(got[2] or 0) or is_foreign", "if is_foreign"),
    "a retry takes the fence away": ("'st', 'retrying', 'f', v,", "'st', 'retrying', 'f', text(job.f),"),
    "a retry tells of its try": ("  tell_over(event, 'retrying', fence, start)\n", ""),
    "a bad end tells of its try": ("if kind ~= 'succeeded' and ms >= 0 then job.over = kind end", ""),
    "a hand-back takes the fence away": ("    job.f = next_version()\n", "    next_version()\n"),
    "versions are kept": ("if version then redis.call('SET', FENCE, text(version)) end", ""),
    "a lost answer is given again": ("if remembered() then more = true", "if false then more = true"),
    "an end leaves a mark": ("if job.run ~= '1' or kept >= 0 and kept < RESULT_PROVES_MS then", "if false then"),
    "an end counts once in a call": ("local answer = done[id] or judge", "local answer = judge"),
    "an end leaves the line": ("  remove(line_of(job), id)\n  if job.was_parked", "  if job.was_parked"),
    "who does not run is not counted": ("  remove(RUNNING .. job.o, id)\n", "\n"),
    "no more run than may": ("return running[owner] >= limit_of(owner)", "return running[owner] > limit_of(owner)"),
    "who may run is freed": ("for owner in pairs(freed_owners) do release(owner) end", ""),
    "who may run is freed in each queue": (
        "    if freed > 0 then wake(queue) end\n",
        "    if freed > 0 then wake(queue) break end\n",
    ),
    "no lease is lost after a silence": ("elseif grace > 0 then move", "elseif false then move"),
    "who has just had no time to renew still runs": ("redis.call('EXISTS', GRACE) == 1", "false"),
    "a lost lease gives the try back": (
        "math.max(job.try - 1, 0)\n  count(job, 'lost')",
        "job.try\n  count(job, 'lost')",
    ),
    "what was lost too often does not run": (
        "if job.lost >= unpack_rest(job).mt and",
        "if unpack_rest(job).mt < 0 and",
    ),
    "suspects run one at a time": ("(suspects == 0 or suspects == 2 and is_last(job))", "false"),
    "a renewal moves the entry": ("  add(entries_of(got[4]), lease_end, id)\n", ""),
    "a stock worker's hold is respected": ("  elseif is_foreign(holder) then return true\n", "\n"),
    "an unknown task waits": ("  elseif not is_known(job.t) then put_aside(id)\n", "\n"),
    "what is left wakes somebody": ("if more then wake(queue) end", ""),
    "who comes due is ranked": ("line_up(id, unpack_rest(job), step) end", "job.s = '-1' end"),
    "a batch counts itself": ("counts[priority] = counts[priority] + 1 end\n", "end\n"),
    "a lost lease ends what was cancelled": ("  if job.cx then return end_here(id, job, 'cancelled') end\n", ""),
    "a retry ends what was cancelled": ("if answer == 'ok' and job.cx then\n  end_here", "if false then\n  end_here"),
    "a hand-back ends what was cancelled": (
        "  if answer == 'ok' and job.cx then end_here(id, job, 'cancelled')\n  elseif",
        "  if",
    ),
    "a repeated answer starts nothing that was cancelled": ("if job.cx then end_here(id, job, 'cancelled') else", "do"),
    "what was cancelled does not fail": ("if got[4] and kind == 'failed' then", "if false then"),
    "a cancelled job that is on its way comes too late": (
        "  redis.call('SET', DONE .. id, text(run) .. ':' .. v .. ':cancelled', 'PX', DONE_MS)\n",
        "",
    ),
    "an end frees who waits behind it": ("  freed_owners[job.o] = true\n", ""),
    "a name is one job's": ("return holder and holder ~= id and", "return false and"),
    "an end gives the name up": ("  if job.x then let_go(id, job) end\n", ""),
    "what has expired does not start": ("  elseif job.x and is_expired(job) then end_here(id, job, 'expired')\n", ""),
    "what runs does not expire": (
        "elseif job.st == 'running' or is_foreign(holder_of(id)) then add(EXPIRY",
        "elseif false then add(EXPIRY",
    ),
    "a queue rests": ("elseif redis.call('HEXISTS', PAUSED, queue) == 0 then", "else"),
    "who goes on is woken": ("ARGV[1]) == 1 then wake(ARGV[1]) end", "ARGV[1]) == 1 then return end"),
    "what was cancelled keeps nobody waiting": ("  if score >= tonumber(job.s) then return end\n", "  do return end\n"),
    "nobody is put back": ("  if score >= tonumber(job.s) then return end\n", ""),
    "what leaves a gap is noted": ("    if job.st ~= 'scheduled' then note_gap(job) end\n", ""),
    "a place is kept for what is on its way": ("    add(RESERVE .. owner, text(now + PLACE_MS), id)\n", "\n"),
    "a place counts until its time is over": (
        " + redis.call('ZCARD', RESERVE .. owner)",
        "",
    ),
    "an owner's own number counts": ("tonumber(got[1] or got[2])", "tonumber(got[2])"),
    "what is in line keeps no place": ("  if issued == 0 and batch == '' then remove(RESERVE .. o, id) end\n", ""),
    "a place of the dead is free again": ("  redis.call('ZREMRANGEBYSCORE', RESERVE .. owner, '-inf', now_text)\n", ""),
    "the last place of the dead goes by itself": (
        "redis.call('PEXPIRE', RESERVE .. owner, PLACE_MS)",
        "local _ = owner",
    ),
    "a key in flight is nobody else's": ("if state and tonumber(till) > now and", "if false and"),
    "a key stands for one submission": ("if state and known ~= print then", "if false then"),
    "a key stands for one job": ("id = id or ARGV[3]", "id = ARGV[3]"),
    "stock aborts are heeded": ("  if amount == 0 then return end\n", "  do return end\n"),
    "a strange score is mended": ("local much_due = restore_range('0', '(1e12', MENDED)", "local much_due = false"),
}


@pytest.mark.parametrize("rule", RULES)
def test_without_the_rule_a_schedule_fails(redis_url: str, rule: str) -> None:
    """An invariant breaks, or a call is not answered as it must be."""
    with opened(redis_url, edits=[RULES[rule]], slack_ms=2_000) as world, pytest.raises(AssertionError):
        play_series(world, SOONER.get(rule, FIRST))


def play_series(world: World, first: int) -> None:
    """Play all series from this one on."""
    for which in range(first, first + SERIES):
        play_schedules(world, SIZE, which=which)


def test_each_that_is_noticed_sooner_is_a_rule() -> None:
    """A name of nothing would be of no use."""
    assert SOONER.keys() <= RULES.keys()
