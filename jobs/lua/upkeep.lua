-- Verbs of upkeep. Their words and replies are described in jobs/verbs/upkeep.py.

local BATCH = 100

local function due(key, until_ms, limit)
  return redis.call('ZRANGEBYSCORE', P .. key, '-inf', until_ms, 'LIMIT', 0, limit)
end

function VERBS.doorbell_rung(class, id)
  redis.call('ZREM', P .. 'doorbells', class .. '|' .. id)
  redis.call('HSET', P .. 'bells', class, NOW)
end

function VERBS.sweep(outbox_age_ms, ring_again_ms)
  local timed_out = due('queue-deadlines', NOW, BATCH)
  for _, id in ipairs(timed_out) do
    local waited = math.floor((NOW - get(id, 'created_ms')) / 1000)
    local message = 'waited ' .. waited .. ' s; queue_ttl_s is ' .. get(id, 'queue_ttl_s')
    finish_failed(id, failure('queue_ttl_exceeded', message, true, get(id, 'attempt')))
  end
  local owed, is_owed = due('doorbells', NOW - outbox_age_ms, 1000), {}
  for _, bell in ipairs(owed) do is_owed[string.match(bell, '^[^|]*')] = true end
  for _, class in ipairs(redis.call('SMEMBERS', P .. 'classes')) do
    local last_ms = tonumber(redis.call('HGET', P .. 'bells', class) or 0)
    if not is_owed[class] and waiting_count(class) > 0 and NOW - last_ms >= tonumber(ring_again_ms) then
      table.insert(owed, class .. '|')
    end
  end
  local deliveries = redis.call('ZCOUNT', P .. 'deliveries-due', '-inf', NOW)
  return {owed, timed_out, deliveries, redis.call('ZCOUNT', P .. 'purges', '-inf', NOW)}
end

function VERBS.reap(lease_ms, max_lost)
  local up_s = tonumber(string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)'))
  local taken = {requeued = {}, failed = {}, cancelled = {}}
  -- While the store was away nobody could renew.
  if up_s * 1000 < tonumber(lease_ms) then return {{}, {}, {}} end
  for _, id in ipairs(due('leases', NOW, BATCH)) do
    local fate = 'cancelled'
    if get(id, 'cancel_requested_ms') ~= '' then
      finish_cancelled(id)
    else
      local attempt = get(id, 'attempt')
      local message = 'the worker was lost in each of ' .. max_lost .. ' attempts'
      fate = lose_attempt(id, max_lost, failure('worker_lost', message, true, attempt))
    end
    table.insert(taken[fate], id)
  end
  return {taken.requeued, taken.failed, taken.cancelled}
end

local function expire_previews(until_ms, limit)
  local ended = {}
  for _, id in ipairs(due('expiring-previews', until_ms, limit)) do
    redis.call('ZREM', P .. 'expiring-previews', id)
    if get(id, 'preview_fragments') ~= '' then
      change(id, 'preview_fragments', '', 'preview_end', '')
      changed(id)
      order_purge(id, 'preview:' .. get(id, 'attempt'), 0)
      table.insert(ended, id)
    end
  end
  return ended
end

function VERBS.expire(inputs_ms, record_ms, preview_ms, limit)
  local previews = expire_previews(NOW - preview_ms, limit)
  local results = due('expiring-results', NOW, limit)
  for _, id in ipairs(results) do
    redis.call('ZREM', P .. 'expiring-results', id)
    redis.call('ZADD', P .. 'expiring-records', NOW, id)
    move(id, 'expired')
    change(id, 'results', '')
    order_purge(id, 'results', 0)
    tell(id, 'video.expired')
    redis.call('EXPIRE', P .. 'events:' .. id, EVENTS_AFTER_END_S)
  end
  local inputs = due('expiring-inputs', NOW - inputs_ms, limit)
  for _, id in ipairs(inputs) do
    redis.call('ZREM', P .. 'expiring-inputs', id)
    change(id, 'inputs_expired', 1)
    order_purge(id, 'inputs', 0)
  end
  local records = due('expiring-records', NOW - record_ms, limit)
  for _, id in ipairs(records) do
    remove(id)
    order_purge(id, 'all', 0)
  end
  return {results, inputs, records, previews}
end

function VERBS.take_purges(limit, retry_ms)
  local tickets = due('purges', NOW, limit)
  for _, ticket in ipairs(tickets) do redis.call('ZADD', P .. 'purges', NOW + retry_ms, ticket) end
  return tickets
end

function VERBS.purge_done(ticket) redis.call('ZREM', P .. 'purges', ticket) end

function VERBS.take_upkeep_lock(owner, ttl_ms)
  local key = P .. 'upkeep-lock'
  local holder = redis.call('GET', key)
  if holder and holder ~= owner then return 0 end
  redis.call('SET', key, owner, 'PX', ttl_ms)
  return 1
end

function VERBS.queue_state(class, tenant, live_ms)
  local own, workers = 0, 0
  for _, priority in ipairs(PRIORITIES) do own = own + redis.call('ZCARD', waiting_key(class, priority, tenant)) end
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', P .. 'workers-seen', NOW - live_ms, '+inf')) do
    local queues = ' ' .. (redis.call('HGET', P .. 'worker-queues', name) or '') .. ' '
    if string.find(queues, ' video.' .. class .. ' ', 1, true) then workers = workers + 1 end
  end
  return {
    redis.call('ZCARD', line_key(class, 'interactive')), redis.call('ZCARD', line_key(class, 'batch')),
    redis.call('SCARD', P .. 'running:' .. class), own,
    redis.call('SINTERCARD', 2, P .. 'running:' .. class, P .. 'active:' .. tenant), workers,
    redis.call('HGET', P .. 'mean-job-s', class) or '', redis.call('HGET', P .. 'mean-s-per-video-s', class) or '',
    redis.call('HGETALL', P .. 'mode-s-per-video-s:' .. class),
  }
end

function VERBS.places(class, tenant, limit)
  local found = {}
  for _, priority in ipairs(PRIORITIES) do
    local line = tenant == '' and line_key(class, priority) or waiting_key(class, priority, tenant)
    for _, id in ipairs(redis.call('ZRANGE', line, 0, limit - 1 - #found)) do
      if #found < tonumber(limit) then table.insert(found, {id, get(id, 'tenant'), priority, position(id)}) end
    end
  end
  return found
end

function VERBS.queue_classes() return redis.call('SMEMBERS', P .. 'classes') end
function VERBS.status_counts() return redis.call('HGETALL', P .. 'status-counts') end
function VERBS.active_jobs(tenant) return redis.call('SCARD', P .. 'active:' .. tenant) end
