-- Verbs of one job. Their words and replies are described in jobs/verbs/lifecycle.py.

local function idempotency_key(tenant, route, key) return P .. 'idempotency:' .. tenant .. ':' .. route .. ':' .. key end

-- Those of some ids, with spaces between, whose jobs there are: a request may have made several.
local function living(ids)
  local found = {}
  for id in string.gmatch(ids or '', '%S+') do
    if exists(id) then table.insert(found, id) end
  end
  return found
end

function VERBS.reserve_key(tenant, route, key, fingerprint, owner, held_ms)
  local entry = idempotency_key(tenant, route, key)
  local print, holder, ids = unpack(redis.call('HMGET', entry, 'fingerprint', 'owner', 'job_id'))
  local made = living(ids)
  local is_live = print and (not ids or #made > 0)
  if is_live and print ~= fingerprint then return {'mismatch'} end
  if is_live and ids then return {'replay', unpack(made)} end
  if is_live and holder ~= owner then return {'in_flight'} end
  redis.call('DEL', entry)
  redis.call('HSET', entry, 'fingerprint', fingerprint, 'owner', owner)
  redis.call('PEXPIRE', entry, held_ms)
  return {'reserved'}
end

function VERBS.renew_key(tenant, route, key, owner, held_ms)
  local entry = idempotency_key(tenant, route, key)
  local holder, id = unpack(redis.call('HMGET', entry, 'owner', 'job_id'))
  if holder ~= owner then return 0 end
  if not id then redis.call('PEXPIRE', entry, held_ms) end
  return 1
end

function VERBS.unreserve_key(tenant, route, key, owner)
  local entry = idempotency_key(tenant, route, key)
  local holder, id = unpack(redis.call('HMGET', entry, 'owner', 'job_id'))
  if holder == owner and not id then redis.call('DEL', entry) end
end

local RETRY_WINDOW_MS = 600 * 1000

-- The jobs that the same request made before, if it did.
local function twins(ids, print_key, idempotency, is_retry, age_ms)
  local own = living(ids)
  if #own > 0 then return own end
  local made = living(idempotency and redis.call('HGET', idempotency, 'job_id') or '')
  if #made > 0 then return made end
  local earlier, at_ms, by_retry = unpack(redis.call('HMGET', print_key, 'job_id', 'at_ms', 'by_retry'))
  made = living(earlier)
  if idempotency or #made == 0 or NOW - at_ms > RETRY_WINDOW_MS then return {} end
  if is_retry == '1' then return made end
  -- The retry overtook the request that it repeats.
  if by_retry == '1' and tonumber(at_ms) >= NOW - age_ms then
    redis.call('HSET', print_key, 'by_retry', 0)
    return made
  end
  return {}
end

local function refusal(tenant, num_wanted, max_active, max_waiting)
  local active = redis.call('SCARD', P .. 'active:' .. tenant)
  local limit = tonumber(redis.call('HGET', P .. 'quotas', tenant) or max_active)
  if active + num_wanted > limit then return {'quota', active, limit} end
  local waiting = redis.call('ZCARD', P .. 'queue-deadlines')
  if waiting + num_wanted > tonumber(max_waiting) then return {'full', waiting, max_waiting} end
end

local function answer_with(word, ids)
  local answer = {word}
  for _, id in ipairs(ids) do table.insert(answer, reply(id)) end
  return answer
end

-- One job of each id and request, which are the last words, turn by turn; all of them or none.
function VERBS.create(tenant, class, priority, metadata, webhook_url, webhook_events, fingerprint,
                      expires_after_s, queue_ttl_s, seconds, warnings, told_period_ms, route, key, owner, key_s,
                      is_retry, age_ms, max_active, max_waiting, ...)
  local pairs_of_words, ids = {...}, {}
  for i = 1, #pairs_of_words, 2 do table.insert(ids, pairs_of_words[i]) end
  for _, id in ipairs(ids) do
    if redis.call('EXISTS', P .. 'tombstone:' .. id) == 1 then return {'tombstone'} end
  end
  local idempotency = key ~= '' and idempotency_key(tenant, route, key) or nil
  local print_key = P .. 'print:' .. tenant .. ':' .. fingerprint
  local joined = table.concat(ids, ' ')
  local made = twins(joined, print_key, idempotency, is_retry, age_ms)
  if #made > 0 then return answer_with('existing', made) end
  if idempotency and redis.call('HGET', idempotency, 'owner') ~= owner then return {'unreserved'} end
  local refused = refusal(tenant, #ids, max_active, max_waiting)
  if refused then return refused end

  for turn, id in ipairs(ids) do
    redis.call('HSET', job_key(id), 'tenant', tenant, 'class', class, 'priority', priority,
      'request', pairs_of_words[2 * turn], 'metadata', metadata, 'webhook_url', webhook_url,
      'webhook_events', webhook_events, 'told_period_ms', told_period_ms,
      'expires_after_s', expires_after_s, 'queue_ttl_s', queue_ttl_s, 'seconds', seconds, 'warnings', warnings,
      'status', 'queued', 'version', 1, 'created_ms', NOW, 'updated_ms', NOW, 'attempt', 0, 'lost_attempts', 0,
      'percent', 0, 'sequence', redis.call('INCR', P .. 'sequence'))
    enqueue(id)
    redis.call('ZADD', P .. 'jobs:' .. tenant, NOW, id)
    redis.call('SADD', P .. 'active:' .. tenant, id)
    count_status('queued', 1)
    tell(id, 'video.created')
  end
  if idempotency then
    redis.call('HSET', idempotency, 'job_id', joined)
    redis.call('EXPIRE', idempotency, key_s)
  end
  redis.call('HSET', print_key, 'job_id', joined, 'at_ms', NOW, 'by_retry', is_retry)
  redis.call('PEXPIRE', print_key, RETRY_WINDOW_MS)
  return answer_with('created', ids)
end

function VERBS.get(id, tenant)
  if not is_visible(id, tenant) then return false end
  return reply(id)
end

function VERBS.known_ids(...)
  local known = {}
  for _, id in ipairs({...}) do
    if exists(id) then table.insert(known, id) end
  end
  return known
end

function VERBS.events_after(id, last_event_id, limit)
  if not exists(id) then return false end
  local rows = {}
  local first = last_event_id == '0' and '-' or '(' .. last_event_id
  for _, entry in ipairs(redis.call('XRANGE', P .. 'events:' .. id, first, '+', 'COUNT', limit)) do
    table.insert(rows, {entry[1], entry[2][2], entry[2][4]})
  end
  return {get(id, 'request'), rows}
end

-- ---------------------------------------------------------------- a worker's words

-- The job whose turn it is: interactive first, then the tenant served longest ago, then its oldest.
local function next_in_line(class)
  for _, priority in ipairs(PRIORITIES) do
    local tenant = redis.call('ZRANGE', turns_key(class, priority), 0, 0)[1]
    if tenant then
      local id = redis.call('ZRANGE', waiting_key(class, priority, tenant), 0, 0)[1]
      return id, priority, tenant
    end
  end
end

function VERBS.peek_next(class)
  local id = next_in_line(class)
  return id and reply(id) or false
end

function VERBS.claim_next(class, worker, lease_ms, nonce)
  redis.call('HSET', P .. 'bells', class, NOW)
  local claim_key = P .. 'claim:' .. nonce
  local claimed = redis.call('GET', claim_key)
  if claimed then return exists(claimed) and reply(claimed) end
  local id, priority, tenant = next_in_line(class)
  if not id then return false end
  move(id, 'in_progress')
  local turn = redis.call('INCR', P .. 'turn')
  redis.call('HSET', served_key(class, priority), tenant, turn)
  redis.call('ZADD', turns_key(class, priority), 'XX', turn, tenant)
  redis.call('ZADD', P .. 'leases', NOW + lease_ms, id)
  redis.call('SADD', P .. 'running:' .. class, id)
  redis.call('HINCRBY', job_key(id), 'attempt', 1)
  redis.call('HSETNX', job_key(id), 'queue_seconds', (NOW - get(id, 'created_ms')) / 1000)
  change(id, 'started_ms', NOW, 'worker', worker, 'percent', 0, 'progress', '')
  redis.call('SET', claim_key, id, 'EX', 60)
  tell(id, 'video.started')
  return reply(id)
end

local function renewal(id, attempt)
  local is_current = standing(id, attempt) == 'current'
  local is_cancelled = is_current and get(id, 'cancel_requested_ms') ~= ''
  return {is_current and 1 or 0, is_cancelled and 1 or 0}
end

function VERBS.renew(id, attempt, lease_ms)
  if standing(id, attempt) == 'current' then redis.call('ZADD', P .. 'leases', NOW + lease_ms, id) end
  return renewal(id, attempt)
end

function VERBS.progress(id, attempt, percent, now)
  if standing(id, attempt) == 'current' then
    change(id, 'percent', math.max(tonumber(percent), tonumber(get(id, 'percent'))), 'progress', now)
    tell(id, 'video.progress')
  end
  return renewal(id, attempt)
end

function VERBS.annotate(id, attempt, seconds, warnings, size)
  local where = standing(id, attempt)
  if where ~= 'current' then return where == 'gone' and 'gone' or 'stale' end
  change(id, 'warnings', warnings)
  if seconds ~= '' then change(id, 'seconds', seconds) end
  if size ~= '' then change(id, 'size', size) end
  tell(id, 'video.annotated')
  return 'done'
end

-- A preview grows, of a completed job too: its readers are woken each time, but a change is only that there is one and
-- that it was dropped.
function VERBS.preview(id, attempt, fragments, ending)
  local where = standing(id, attempt)
  if where ~= 'current' and where ~= 'completed' then return where == 'gone' and 'gone' or 'stale' end
  local is_first = get(id, 'preview_fragments') == ''
  redis.call('HSET', job_key(id), 'preview_fragments', fragments, 'preview_end', ending)
  if is_first or ending == 'dropped' then change(id) end
  if is_first and where == 'current' and ending ~= 'dropped' then tell(id, 'video.preview') else changed(id) end
  return 'done'
end

-- What to answer when the attempt is not current: `ended` are the states that this very word leads to, so that a word
-- repeated after a lost answer is answered as it was.
local function answer(where, ended)
  if where == 'gone' or where == 'cancelled' then return where end
  for _, status in ipairs(ended) do
    if where == status then return 'done' end
  end
  return 'stale'
end

local function is_cancel_due(id)
  if get(id, 'cancel_requested_ms') == '' then return false end
  finish_cancelled(id)
  return true
end

function VERBS.release(id, attempt, lost, max_lost)
  local where = standing(id, attempt)
  if where ~= 'current' then return answer(where, lost == '' and {'queued'} or {'queued', 'failed'}) end
  if is_cancel_due(id) then return 'cancelled' end
  if lost == '' then requeue(id) else lose_attempt(id, max_lost, lost) end
  return 'done'
end

local function moving_mean(key, class, value)
  local old = redis.call('HGET', key, class)
  redis.call('HSET', key, class, old and 0.8 * old + 0.2 * value or value)
end

local function chosen(option)
  if option == cjson.null then return nil end
  return option
end

function VERBS.finalise(id, attempt, results, seconds, gpu_seconds, warnings)
  local where = standing(id, attempt)
  if where ~= 'current' then return answer(where, {'completed'}) end
  if is_cancel_due(id) then return 'cancelled' end
  local class, expires_ms = get(id, 'class'), NOW + get(id, 'expires_after_s') * 1000
  local options = cjson.decode(get(id, 'request')).options
  if options['until'] == 'poses' then -- seconds, which say nothing about videos
    if tonumber(seconds) > 0 then
      moving_mean(P .. 'mode-s-per-video-s:' .. class, 'poses', gpu_seconds / seconds)
    end
  else
    moving_mean(P .. 'mean-job-s', class, tonumber(gpu_seconds))
  end
  if tonumber(seconds) > 0 and options['until'] ~= 'poses' then
    moving_mean(P .. 'mean-s-per-video-s', class, gpu_seconds / seconds)
    if chosen(options.num_inference_steps) == nil then -- steps of its own say nothing about a mode
      moving_mean(P .. 'mode-s-per-video-s:' .. class, chosen(options.quality) or '', gpu_seconds / seconds)
    end
  end
  redis.call('ZADD', P .. 'expiring-results', expires_ms, id)
  redis.call('ZADD', P .. 'expiring-previews', NOW, id)
  if tonumber(attempt) > 1 then order_purge(id, 'losers:' .. attempt, ZOMBIE_MS) end
  finish(id, 'completed', 'completed_ms', NOW, 'expires_ms', expires_ms, 'percent', 100, 'results', results,
    'seconds', seconds, 'gpu_seconds', gpu_seconds, 'warnings', warnings)
  return 'done'
end

function VERBS.fail(id, attempt, why)
  local where = standing(id, attempt)
  if where ~= 'current' then return answer(where, {'failed'}) end
  if is_cancel_due(id) then return 'cancelled' end
  finish_failed(id, why)
  return 'done'
end

function VERBS.acknowledge_cancel(id, attempt)
  local where = standing(id, attempt)
  if where ~= 'current' then return answer(where, {}) end
  return is_cancel_due(id) and 'cancelled' or 'stale'
end

-- ---------------------------------------------------------------- a client's words

function VERBS.cancel(id, tenant)
  if not is_visible(id, tenant) then return false end
  local status = get(id, 'status')
  if status == 'queued' then
    finish_cancelled(id)
  elseif status == 'in_progress' and get(id, 'cancel_requested_ms') == '' then
    change(id, 'cancel_requested_ms', NOW)
    tell(id, 'video.cancel_requested')
  end
  return reply(id)
end

function VERBS.delete(id, tenant, lease_ms, nonce)
  local tombstone = P .. 'tombstone:' .. id
  if redis.call('HGET', tombstone, 'nonce') == nonce then return 1 end
  if not is_visible(id, tenant) then return 0 end
  redis.call('HSET', tombstone, 'tenant', get(id, 'tenant'), 'deleted_ms', NOW, 'created_ms', get(id, 'created_ms'),
    'nonce', nonce)
  redis.call('EXPIRE', tombstone, TOMBSTONE_S)
  remove(id)
  order_purge(id, 'all', 0, 2 * lease_ms, 3600 * 1000)
  -- Wakes who follows the job; they find it gone.
  redis.call('XADD', P .. 'events:' .. id, '*', 'type', 'video.deleted', 'state', '{}')
  redis.call('EXPIRE', P .. 'events:' .. id, 60)
  changed(id)
  return 1
end
