-- Verbs of the webhook outbox. Their words and replies are described in jobs/verbs/deliveries.py.

local LOG_LINES = 50

local function delivery_key(delivery) return P .. 'delivery:' .. delivery end

local function delivery_reply(delivery)
  local flat = redis.call('HGETALL', delivery_key(delivery))
  local next_ms = ''
  if redis.call('HGET', delivery_key(delivery), 'state') == 'pending' then
    next_ms = redis.call('ZSCORE', P .. 'deliveries-due', delivery) or ''
  end
  return {flat, next_ms, redis.call('LRANGE', P .. 'delivery-log:' .. delivery, 0, -1)}
end

-- The job as it was when the event happened.
local function job_then(delivery)
  local id, state = unpack(redis.call('HMGET', delivery_key(delivery), 'job_id', 'snapshot'))
  local flat = {'request', get(id, 'request')}
  for name, value in pairs(cjson.decode(state)) do
    table.insert(flat, name)
    table.insert(flat, value)
  end
  return {flat, '', ''}
end

-- A store of an earlier version has no lines for each tenant.
local function divide_by_tenant()
  if redis.call('EXISTS', P .. 'due-tenants') == 1 then return end
  local all = redis.call('ZRANGE', P .. 'deliveries-due', 0, -1, 'WITHSCORES')
  for i = 1, #all, 2 do set_due(all[i], all[i + 1]) end
end

function VERBS.take_due_deliveries(limit, retry_ms, share, under_way)
  divide_by_tenant()
  local busy, taken, left = cjson.decode(under_way), {}, tonumber(limit)
  for _, tenant in ipairs(due('due-tenants', NOW, -1)) do
    local room = math.min(share - (busy[tenant] or 0), left)
    for _, delivery in ipairs(room > 0 and due('due-of:' .. tenant, NOW, room) or {}) do
      redis.call('HINCRBY', delivery_key(delivery), 'tries', 1)
      set_due(delivery, NOW + retry_ms)
      table.insert(taken, {delivery_reply(delivery), job_then(delivery)})
      left = left - 1
    end
    if left < 1 then break end
  end
  return taken
end

local function settle(delivery, state)
  clear_due(delivery)
  local id, kind = unpack(redis.call('HMGET', delivery_key(delivery), 'job_id', 'type'))
  redis.call('HSET', delivery_key(delivery), 'state', state)
  if kind == 'video.progress' then -- too many to keep
    redis.call('LREM', P .. 'deliveries-of:' .. id, 1, delivery)
    forget_delivery(delivery)
  end
end

local function end_deliveries(id)
  redis.call('HSET', job_key(id), 'webhooks_ended', 1)
  for _, other in ipairs(redis.call('LRANGE', P .. 'deliveries-of:' .. id, 0, -1)) do
    if redis.call('HGET', delivery_key(other), 'state') == 'pending' then settle(other, 'dropped') end
  end
end

function VERBS.record_try(delivery, tries, is_delivered, status_code, why, duration_ms, retry_ms, ends_job)
  local id, state, current, kind = unpack(redis.call('HMGET', delivery_key(delivery), 'job_id', 'state', 'tries', 'type'))
  if state ~= 'pending' or current ~= tries then return 0 end
  local outcome = is_delivered == '1' and 'delivered' or ends_job == '1' and 'refused' or retry_ms == '' and 'given_up'
  redis.call('HINCRBY', P .. 'delivery-outcomes', outcome or 'to_retry', 1)
  local line = {at_ms = NOW, status_code = tonumber(status_code) or cjson.null, duration_ms = tonumber(duration_ms),
    error = why ~= '' and why or cjson.null}
  redis.call('RPUSH', P .. 'delivery-log:' .. delivery, cjson.encode(line))
  redis.call('LTRIM', P .. 'delivery-log:' .. delivery, -LOG_LINES, -1)
  if is_delivered == '1' then
    settle(delivery, 'delivered')
  elseif ends_job == '1' then
    end_deliveries(id)
  elseif retry_ms == '' then
    settle(delivery, kind == 'video.progress' and 'dropped' or 'exhausted')
  else
    redis.call('HINCRBY', delivery_key(delivery), 'step', 1)
    set_due(delivery, NOW + retry_ms)
  end
  return 1
end

function VERBS.list_deliveries(id, tenant)
  if not is_visible(id, tenant) then return false end
  local rows = {}
  for _, delivery in ipairs(redis.call('LRANGE', P .. 'deliveries-of:' .. id, 0, -1)) do
    table.insert(rows, delivery_reply(delivery))
  end
  return rows
end

function VERBS.redeliver(id, delivery, tenant)
  if not is_visible(id, tenant) or redis.call('HGET', delivery_key(delivery), 'job_id') ~= id then return false end
  redis.call('HSET', delivery_key(delivery), 'state', 'pending', 'step', 0)
  set_due(delivery, NOW)
  return delivery_reply(delivery)
end

function VERBS.delivery_outcomes() return redis.call('HGETALL', P .. 'delivery-outcomes') end
function VERBS.deliveries_due() return redis.call('ZCOUNT', P .. 'deliveries-due', '-inf', NOW) end
