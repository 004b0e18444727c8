-- What every verb stands on. KEYS[1] is the prefix of all keys, ARGV[1] the verb's name, the rest its words.
-- MAY_FOLLOW, the table of transitions, is written in front of this text from jobs/job.py.
local P = KEYS[1]
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
local VERBS = {}

local TOMBSTONE_S = 48 * 3600
local EVENTS_KEPT = 256
local DELIVERIES_OF_PROGRESS = 100 -- of one job: with so many waiting nobody takes them, and the last state is told anyway
local EVENTS_AFTER_END_S = 6 * 3600
local ZOMBIE_MS = 60 * 1000 -- after the end of a job a lost worker may still upload for this long
local PRIORITIES = {'interactive', 'batch'}

local function job_key(id) return P .. 'job:' .. id end
local function get(id, field) return redis.call('HGET', job_key(id), field) or '' end

local function exists(id) return redis.call('EXISTS', job_key(id)) == 1 end

local function is_visible(id, tenant)
  local owner = redis.call('HGET', job_key(id), 'tenant')
  return owner and (tenant == '' or owner == tenant)
end

-- Set fields and raise the version, which is the ETag.
local function change(id, ...)
  redis.call('HSET', job_key(id), 'updated_ms', NOW, ...)
  redis.call('HINCRBY', job_key(id), 'version', 1)
end

local function flat_to_table(flat)
  local fields = {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields
end

-- All changing fields as JSON. Every value is text, so that no number loses digits.
local function snapshot(id)
  local fields = flat_to_table(redis.call('HGETALL', job_key(id)))
  fields.request, fields.metadata = nil, nil
  return cjson.encode(fields)
end

-- ---------------------------------------------------------------- the waiting line

local function line_key(class, priority) return P .. 'line:' .. class .. ':' .. priority end
local function served_key(class, priority) return P .. 'served:' .. class .. ':' .. priority end
local function turns_key(class, priority) return P .. 'turns:' .. class .. ':' .. priority end
local function waiting_key(class, priority, tenant) return P .. 'waiting:' .. class .. ':' .. priority .. ':' .. tenant end

local function place(id)
  return unpack(redis.call('HMGET', job_key(id), 'class', 'priority', 'tenant', 'sequence'))
end

-- A job keeps its sequence, so one that comes back stands where it stood.
local function enqueue(id)
  local class, priority, tenant, sequence = place(id)
  local served = redis.call('HGET', served_key(class, priority), tenant) or 0
  redis.call('ZADD', line_key(class, priority), sequence, id)
  redis.call('ZADD', waiting_key(class, priority, tenant), sequence, id)
  redis.call('ZADD', turns_key(class, priority), served, tenant)
  redis.call('ZADD', P .. 'queue-deadlines', NOW + get(id, 'queue_ttl_s') * 1000, id)
  redis.call('ZADD', P .. 'doorbells', NOW, class .. '|' .. id)
  redis.call('SADD', P .. 'classes', class)
end

local function dequeue(id)
  local class, priority, tenant = place(id)
  redis.call('ZREM', line_key(class, priority), id)
  redis.call('ZREM', waiting_key(class, priority, tenant), id)
  if redis.call('ZCARD', waiting_key(class, priority, tenant)) == 0 then
    redis.call('ZREM', turns_key(class, priority), tenant)
  end
  redis.call('ZREM', P .. 'queue-deadlines', id)
  redis.call('ZREM', P .. 'doorbells', class .. '|' .. id)
end

local function waiting_count(class)
  return redis.call('ZCARD', line_key(class, 'interactive')) + redis.call('ZCARD', line_key(class, 'batch'))
end

local TENANTS_COUNTED = 500 -- of those whose turn comes first; the rest are reckoned together
local lines = {} -- by class and priority: what one script counts once

-- Who waits, in the order of turns, and how many jobs of each.
local function line_of(class, priority)
  local key = turns_key(class, priority)
  if not lines[key] then
    local line = {tenants = redis.call('ZRANGE', key, 0, TENANTS_COUNTED - 1), waiting = {}, counted = 0}
    for turn, tenant in ipairs(line.tenants) do
      line.waiting[turn] = redis.call('ZCARD', waiting_key(class, priority, tenant))
      line.counted = line.counted + line.waiting[turn]
    end
    lines[key] = line
  end
  return lines[key]
end

-- How many claims until this job's turn if nobody else comes: tenants take turns, the one served longest ago first.
local function position(id)
  local class, priority, tenant = place(id)
  local own = redis.call('ZRANK', waiting_key(class, priority, tenant), id)
  if not own then return '' end
  local line, own_turn = line_of(class, priority), redis.call('ZRANK', turns_key(class, priority), tenant) + 1
  local ahead = own
  for turn, waiting in ipairs(line.waiting) do
    if turn ~= own_turn then ahead = ahead + math.min(turn < own_turn and own + 1 or own, waiting) end
  end
  local num_rest = redis.call('ZCARD', turns_key(class, priority)) - #line.tenants
  if num_rest > 0 then -- at most their rounds, and at most what they have
    local rest = redis.call('ZCARD', line_key(class, priority)) - line.counted
    local num_before = math.max(0, own_turn - 1 - #line.tenants)
    if own_turn > #line.tenants then
      num_rest, rest = num_rest - 1, rest - redis.call('ZCARD', waiting_key(class, priority, tenant))
    end
    ahead = ahead + math.min(rest, num_rest * own + num_before)
  end
  if priority == 'batch' then ahead = ahead + redis.call('ZCARD', line_key(class, 'interactive')) end
  return tostring(ahead + 1)
end

-- What jobs/record.py reads: the fields, the lease's end, the place in the queue.
local function reply(id)
  local lease = redis.call('ZSCORE', P .. 'leases', id) or ''
  return {redis.call('HGETALL', job_key(id)), lease, position(id)}
end

-- ---------------------------------------------------------------- telling

local function wants_webhook(id, kind)
  local url, wanted, ended, told_ms, period_ms =
    unpack(redis.call('HMGET', job_key(id), 'webhook_url', 'webhook_events', 'webhooks_ended', 'told_ms', 'told_period_ms'))
  if not url or url == '' or ended == '1' then return false end
  if not string.find(' ' .. wanted .. ' ', ' ' .. kind .. ' ', 1, true) then return false end
  if kind ~= 'video.progress' then return true end
  if told_ms and NOW - told_ms < tonumber(period_ms or 5000) then return false end
  if redis.call('LLEN', P .. 'deliveries-of:' .. id) >= DELIVERIES_OF_PROGRESS then return false end
  redis.call('HSET', job_key(id), 'told_ms', NOW)
  return true
end

-- What is due and when, as a whole and for each tenant; and when each tenant's first is.
local function tell_first_due(tenant)
  local first = redis.call('ZRANGE', P .. 'due-of:' .. tenant, 0, 0, 'WITHSCORES')
  if first[2] then
    redis.call('ZADD', P .. 'due-tenants', first[2], tenant)
  else
    redis.call('ZREM', P .. 'due-tenants', tenant)
  end
end

local function set_due(delivery, at_ms)
  local tenant = redis.call('HGET', P .. 'delivery:' .. delivery, 'tenant')
  redis.call('ZADD', P .. 'deliveries-due', at_ms, delivery)
  redis.call('ZADD', P .. 'due-of:' .. tenant, at_ms, delivery)
  tell_first_due(tenant)
end

local function clear_due(delivery)
  local tenant = redis.call('HGET', P .. 'delivery:' .. delivery, 'tenant')
  redis.call('ZREM', P .. 'deliveries-due', delivery)
  if not tenant then return end
  redis.call('ZREM', P .. 'due-of:' .. tenant, delivery)
  tell_first_due(tenant)
end

local function put_in_outbox(id, kind, state)
  local number = redis.call('INCR', P .. 'delivery-sequence')
  local delivery = 'msg_' .. string.sub(redis.sha1hex(id .. kind .. number .. NOW), 1, 32)
  redis.call('HSET', P .. 'delivery:' .. delivery, 'id', delivery, 'job_id', id, 'tenant', get(id, 'tenant'),
    'type', kind, 'state', 'pending', 'created_ms', NOW, 'tries', 0, 'step', 0, 'snapshot', state)
  set_due(delivery, NOW)
  redis.call('RPUSH', P .. 'deliveries-of:' .. id, delivery)
end

-- Wakes whoever waits for this name in any process (jobs/listener.py).
local function changed(name) redis.call('PUBLISH', P .. 'changes', name) end

-- The change stands already: telling comes after it, in the same script.
local function tell(id, kind)
  local state = snapshot(id)
  redis.call('XADD', P .. 'events:' .. id, 'MAXLEN', '~', EVENTS_KEPT, '*', 'type', kind, 'state', state)
  changed(id)
  if wants_webhook(id, kind) then put_in_outbox(id, kind, state) end
end

local function forget_delivery(delivery)
  clear_due(delivery)
  redis.call('DEL', P .. 'delivery:' .. delivery, P .. 'delivery-log:' .. delivery)
end

local function order_purge(id, part, ...)
  for _, delay_ms in ipairs({...}) do
    redis.call('ZADD', P .. 'purges', NOW + delay_ms, id .. '|' .. part .. '|' .. (NOW + delay_ms))
  end
end

-- ---------------------------------------------------------------- moving between states

local function count_status(status, by) redis.call('HINCRBY', P .. 'status-counts', status, by) end

local function move(id, to)
  local from = get(id, 'status')
  if not MAY_FOLLOW[from][to] then error('a job that is ' .. from .. ' cannot become ' .. to) end
  redis.call('HSET', job_key(id), 'status', to)
  count_status(from, -1)
  count_status(to, 1)
  if from == 'queued' then
    dequeue(id)
  elseif from == 'in_progress' then
    redis.call('ZREM', P .. 'leases', id)
    redis.call('SREM', P .. 'running:' .. get(id, 'class'), id)
  end
end

local function finish(id, to, ...)
  move(id, to)
  change(id, ...)
  redis.call('SREM', P .. 'active:' .. get(id, 'tenant'), id)
  redis.call('ZADD', P .. 'expiring-inputs', NOW, id)
  if to ~= 'completed' then
    redis.call('ZADD', P .. 'expiring-records', NOW, id)
    order_purge(id, 'results', ZOMBIE_MS)
  end
  tell(id, 'video.' .. to)
  redis.call('EXPIRE', P .. 'events:' .. id, EVENTS_AFTER_END_S)
end

local function finish_cancelled(id)
  if get(id, 'cancel_requested_ms') == '' then change(id, 'cancel_requested_ms', NOW) end
  finish(id, 'cancelled', 'progress', '')
end

local function finish_failed(id, failure) finish(id, 'failed', 'failure', failure) end

local function requeue(id)
  move(id, 'queued')
  change(id, 'percent', 0, 'progress', '', 'started_ms', '', 'worker', '', 'preview_fragments', '', 'preview_end', '')
  enqueue(id)
  tell(id, 'video.requeued')
end

-- An attempt ended without a word or by its own fault: back into the queue, or failed after the last.
local function lose_attempt(id, max_lost, failure)
  local lost = redis.call('HINCRBY', job_key(id), 'lost_attempts', 1)
  if lost >= tonumber(max_lost) then
    finish_failed(id, failure)
    return 'failed'
  end
  requeue(id)
  return 'requeued'
end

local function failure(code, message, is_retryable, attempt)
  return cjson.encode({code = code, message = message, retryable = is_retryable, attempt = tonumber(attempt)})
end

-- Where an attempt stands: gone, current, or the status that the job took with it, or stale.
local function standing(id, attempt)
  local status, current = unpack(redis.call('HMGET', job_key(id), 'status', 'attempt'))
  if not status then return 'gone' end
  if current ~= attempt then return 'stale' end
  return status == 'in_progress' and 'current' or status
end

-- Everything that is kept about a job, but no objects.
local function remove(id)
  local status, tenant = unpack(redis.call('HMGET', job_key(id), 'status', 'tenant'))
  if status == 'queued' then dequeue(id) end
  redis.call('ZREM', P .. 'leases', id)
  redis.call('SREM', P .. 'running:' .. get(id, 'class'), id)
  redis.call('SREM', P .. 'active:' .. tenant, id)
  redis.call('ZREM', P .. 'jobs:' .. tenant, id)
  for _, kind in ipairs({'results', 'previews', 'inputs', 'records'}) do redis.call('ZREM', P .. 'expiring-' .. kind, id) end
  for _, delivery in ipairs(redis.call('LRANGE', P .. 'deliveries-of:' .. id, 0, -1)) do forget_delivery(delivery) end
  redis.call('DEL', P .. 'deliveries-of:' .. id, P .. 'events:' .. id, job_key(id))
  count_status(status, -1)
end
