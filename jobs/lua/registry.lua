-- Verbs beside jobs. Their words and replies are described in jobs/verbs/registry.py.

local function forget_worker(name)
  redis.call('ZREM', P .. 'workers-seen', name)
  redis.call('HDEL', P .. 'workers', name)
  redis.call('HDEL', P .. 'worker-queues', name)
end

-- After `forget_ms`: id and facts of each model that a ready render worker has loaded.
function VERBS.heartbeat(name, record, queues, forget_ms, ...)
  redis.call('HSET', P .. 'workers', name, record)
  redis.call('HSET', P .. 'worker-queues', name, queues)
  redis.call('ZADD', P .. 'workers-seen', NOW, name)
  for class in string.gmatch(queues, 'video%.(%S+)') do redis.call('SADD', P .. 'classes', class) end
  local models = {...}
  for i = 1, #models, 2 do
    redis.call('HSET', P .. 'models', models[i], models[i + 1])
    redis.call('ZADD', P .. 'models-seen', NOW, models[i])
  end
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', P .. 'workers-seen', '-inf', NOW - forget_ms)) do forget_worker(old) end
end

-- The newest first.
function VERBS.known_models(limit)
  local rows = redis.call('ZREVRANGE', P .. 'models-seen', 0, limit - 1, 'WITHSCORES')
  local found = {}
  for i = 1, #rows, 2 do table.insert(found, {redis.call('HGET', P .. 'models', rows[i]), NOW - rows[i + 1]}) end
  return found
end

function VERBS.workers(live_ms)
  local rows = redis.call('ZRANGEBYSCORE', P .. 'workers-seen', NOW - live_ms, '+inf', 'WITHSCORES')
  local found = {}
  for i = 1, #rows, 2 do table.insert(found, {redis.call('HGET', P .. 'workers', rows[i]), rows[i + 1]}) end
  return found
end

function VERBS.remove_worker(name) forget_worker(name) end

function VERBS.put_preflight_answer(request_id, answer, ttl_s)
  local key = P .. 'preflight:' .. request_id
  redis.call('RPUSH', key, answer)
  redis.call('EXPIRE', key, ttl_s)
  changed('preflight:' .. request_id)
end

-- ---------------------------------------------------------------- API keys

local function key_reply(sha256)
  local record, created, revoked = unpack(redis.call('HMGET', P .. 'api-key:' .. sha256, 'record', 'created_ms', 'revoked_ms'))
  return record and {record, created, revoked or ''}
end

function VERBS.add_api_key(sha256, id, tenant, record, max_per_tenant)
  if redis.call('EXISTS', P .. 'api-key:' .. sha256) == 1 then return 1 end
  local live = P .. 'live-api-keys:' .. tenant
  if redis.call('SCARD', live) >= tonumber(max_per_tenant) then return 0 end
  redis.call('SADD', live, sha256)
  redis.call('HSET', P .. 'api-key:' .. sha256, 'record', record, 'tenant', tenant, 'created_ms', NOW)
  redis.call('HSET', P .. 'api-keys', id, sha256)
  return 1
end

function VERBS.find_api_key(sha256) return key_reply(sha256) end

function VERBS.has_api_keys() return redis.call('EXISTS', P .. 'api-keys') end

function VERBS.list_api_keys()
  local found = {}
  for _, sha256 in ipairs(redis.call('HVALS', P .. 'api-keys')) do table.insert(found, key_reply(sha256)) end
  return found
end

function VERBS.revoke_api_key(id)
  local sha256 = redis.call('HGET', P .. 'api-keys', id)
  if not sha256 then return 0 end
  redis.call('HSETNX', P .. 'api-key:' .. sha256, 'revoked_ms', NOW)
  redis.call('SREM', P .. 'live-api-keys:' .. redis.call('HGET', P .. 'api-key:' .. sha256, 'tenant'), sha256)
  return 1
end

-- ---------------------------------------------------------------- webhook secrets and quotas

local OLD_SECRETS = 4

local function secrets_key(tenant) return P .. 'webhook-secrets:' .. tenant end

-- Members of a sorted set: the secret, scored by when it ends; the current one never does.
local function valid_secrets(tenant)
  redis.call('ZREMRANGEBYSCORE', secrets_key(tenant), '-inf', NOW)
  return redis.call('ZREVRANGE', secrets_key(tenant), 0, -1)
end

function VERBS.webhook_secrets(tenant) return valid_secrets(tenant) end

function VERBS.ensure_webhook_secret(tenant, secret)
  if #valid_secrets(tenant) == 0 then redis.call('ZADD', secrets_key(tenant), '+inf', secret) end
  return valid_secrets(tenant)
end

function VERBS.rotate_webhook_secret(tenant, secret, overlap_ms)
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', secrets_key(tenant), '+inf', '+inf')) do
    redis.call('ZADD', secrets_key(tenant), NOW + overlap_ms, old)
  end
  redis.call('ZADD', secrets_key(tenant), '+inf', secret)
  redis.call('ZREMRANGEBYRANK', secrets_key(tenant), 0, -OLD_SECRETS - 2)
  return valid_secrets(tenant)
end

function VERBS.set_quota(tenant, max_active) redis.call('HSET', P .. 'quotas', tenant, max_active) end
function VERBS.quota(tenant) return redis.call('HGET', P .. 'quotas', tenant) end

