-- Put jobs in line; one that is there or has ended is left as it is.
--
-- ARGV  1 epoch: which content of Redis the caller takes this for, or nothing where he does not know
--       2 issued: Redis' ms at which the caller looked for the jobs, 0 for jobs that are new
--       3 step: ms that one level of priority is worth
--       4 batch: the name that places are kept under for new jobs of one owner, or nothing where each has its own
--       5 how many terms, 6 how many jobs (at most 500)
--       for each of the terms, which many of the jobs may have in common: run, queue, owner, priority, task, at (ms of
--         acceptance, 0 for now), due (ms, 0 for at once), max_tries, timeout ms, typical ms, expires (ms, 0 for never)
--       for each job: id, number of its terms from 1, unique (a name that only one unfinished job may have, or nothing),
--         tries that it has had, payload, row (all of the job, where PostgreSQL has it not, or nothing)
-- Returns {now ms, an answer each}: queued, scheduled, known, ended (also: it had expired), `unique:` and the id of who
--       has the name, old (issued over a minute ago: look again), or epoch (this Redis is not that one any more: for all).
-- It is the one script that does not go through the door: a full Redis takes no more.

local LATE_MS = 60000
local TERMS_AT, TERMS_WORDS, JOB_WORDS = 7, 11, 6
local ROW_MS = 86400000

local epoch, issued, step, batch = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local amount, jobs_at = tonumber(ARGV[6]), TERMS_AT + tonumber(ARGV[5]) * TERMS_WORDS
local answers, proofs = {now_text}, {}
for i = 1, amount do
  local id = ARGV[jobs_at + (i - 1) * JOB_WORDS]
  proofs[3 * i - 2], proofs[3 * i - 1], proofs[3 * i] = JOB .. id, RESULT .. id, DONE .. id
end
if epoch ~= '' and redis.call('GET', EPOCH) ~= epoch then
  for i = 1, amount do answers[i + 1] = 'epoch' end
  return answers
end
local all_new = amount == 0 or redis.call('EXISTS', unpack(proofs)) == 0

local function clear_older(id, job)
  drop(id, job)
  flush()
  lines[line_of(job)] = nil
end

local function check(id, run, holder)
  if has_ended(id, run) then return 'ended' end
  local job = read(id)
  if job and tonumber(job.run) >= run then return 'known' end
  if holder then return 'unique:' .. holder end
  if job then clear_older(id, job) elseif job == false then redis.call('DEL', JOB .. id) end
  redis.call('DEL', RESULT .. id, DONE .. id, RETRY .. id)
  redis.pcall('ZREM', ABORT, id)
  return nil
end

-- Who else has the name, if anybody does that is not dead.
local function holder_of_name(unique, id)
  if unique == '' then return nil end
  local holder = redis.call('GET', UNIQUE .. unique)
  return holder and holder ~= id and redis.call('EXISTS', JOB .. holder) == 1 and holder or nil
end

-- Keep what PostgreSQL did not take: for readers, and for whoever writes the history.
local function carry(event, id, row)
  if row == '' then return end
  redis.call('SET', ROW .. id, row, 'PX', ROW_MS)
  event.row = row
end

-- What came too late to be put in line at all.
local function expire(id, run, row)
  local v = text(next_version())
  redis.call('SET', DONE .. id, run .. ':' .. v .. ':expired', 'PX', DONE_MS)
  carry(emit(id, run, v, 'expired'), id, row)
  ended[#ended + 1] = id
  return 'ended'
end

-- What is to be known of a job beside what is its own: as `line_up` takes it, and as the hash has it.
local function terms_at(first)
  local run, q, o, p, t, at, due, mt, to, typ, expires = unpack(ARGV, first, first + TERMS_WORDS - 1)
  if at == '0' or tonumber(at) > now then at = now_text end
  local terms = {run = run, q = q, o = o, p = tonumber(p), t = t, at = tonumber(at), due = tonumber(due), typ = tonumber(typ)}
  terms.since = terms.due > terms.at and due or at
  terms.d = packed(p, at, due, mt, to, typ)
  terms.due_text, terms.expires = due, expires
  return terms
end

local terms = {}
for first = TERMS_AT, jobs_at - 1, TERMS_WORDS do terms[#terms + 1] = terms_at(first) end

local seen = {}
for i = 1, amount do
  local first = jobs_at + (i - 1) * JOB_WORDS
  local id, number, unique, tries, payload, row = unpack(ARGV, first, first + JOB_WORDS - 1)
  local job = terms[tonumber(number)]
  local q, o, run, expires = job.q, job.o, job.run, job.expires
  if issued == 0 and batch == '' then remove(RESERVE .. o, id) end
  local answer = issued > 0 and now - issued > LATE_MS and 'old' or seen[id]
  if not answer then
    local holder = holder_of_name(unique, id)
    if not all_new then answer = check(id, tonumber(run), holder) elseif holder then answer = 'unique:' .. holder end
  end
  if not answer and expires ~= '0' and tonumber(expires) <= now then answer = expire(id, run, row) end
  if not answer then
    redis.call('SET', PAYLOAD .. id, payload)
    add(UNFINISHED .. o, now_text, id)
    if job.due > now then
      answer = 'scheduled'
      job.s = '0'
      add(entries_of(q), job.due_text, id)
    else
      answer = 'queued'
      line_up(id, job, step)
      add(entries_of(q), job.s, id)
    end
    redis.call('HSET', JOB .. id, 'run', run, 'st', answer, 'q', q, 'o', o, 't', job.t,
      'since', job.since, 's', job.s, 'd', job.d, 'm', now_text)
    if tries ~= '0' then redis.call('HSET', JOB .. id, 'try', tries) end
    if expires ~= '0' or unique ~= '' then
      redis.call('HSET', JOB .. id, 'x', expires .. ':' .. unique)
      if expires ~= '0' then add(EXPIRY, expires, id) end
      if unique ~= '' then redis.call('SET', UNIQUE .. unique, id) end
    end
    local event = emit(id, run, text(next_version()), answer)
    event.owner, event.q, event.task = o, q, job.t
    carry(event, id, row)
    count(job, 'enqueued')
    wake(q)
    seen[id] = 'known'
  end
  answers[i + 1] = answer
end
if batch ~= '' then use_places(terms[1].o, batch, amount) end
close()
return answers
