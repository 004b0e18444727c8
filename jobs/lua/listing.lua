-- The list verb: one bounded stretch of the walk along a tenant's index. jobs/verbs/listing.py asks for the next one,
-- so that other verbs come in between.

local STRETCH = 100 -- records looked at

-- Creation time of a job that a cursor names; of a deleted one by its tombstone.
local function cursor_ms(id, tenant)
  if is_visible(id, tenant) then return tonumber(get(id, 'created_ms')) end
  local owner, created = unpack(redis.call('HMGET', P .. 'tombstone:' .. id, 'tenant', 'created_ms'))
  return owner == tenant and tonumber(created) or nil
end

-- How many records stand before (ms, id) in the index; the record itself may be gone.
local function rank_of(index, ms, id)
  local rank = redis.call('ZRANK', index, id)
  if rank then return rank end
  local low, high = 0, redis.call('ZCARD', index)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local other, other_ms = unpack(redis.call('ZRANGE', index, middle, middle, 'WITHSCORES'))
    other_ms = tonumber(other_ms)
    if other_ms < ms or (other_ms == ms and other < id) then low = middle + 1 else high = middle end
  end
  return low
end

-- Ranks of the oldest and the newest record strictly between two ends.
local function ranks_between(index, older, newer)
  local first, last = 0, redis.call('ZCARD', index) - 1
  if older then first = rank_of(index, older.ms, older.id) + (redis.call('ZSCORE', index, older.id) and 1 or 0) end
  if newer then last = rank_of(index, newer.ms, newer.id) - 1 end
  return first, last
end

-- `texts` are the wanted pairs as metadata's own JSON text would have them: what lacks one need not be decoded.
local function matches(id, status, wanted, texts)
  local own_status, metadata = unpack(redis.call('HMGET', job_key(id), 'status', 'metadata'))
  if status ~= '' and own_status ~= status then return false end
  for _, text in ipairs(texts) do
    if not string.find(metadata, text, 1, true) then return false end
  end
  if #texts == 0 then return true end
  local own = cjson.decode(metadata)
  for name, value in pairs(wanted) do
    if own[name] ~= value then return false end
  end
  return true
end

local function cursor(id, ms, tenant)
  if id == '' then return nil end
  return {id = id, ms = tonumber(ms) or cursor_ms(id, tenant)}
end

-- Where the walk is afterwards (empty: at its end), when its far end was made, and what was found.
function VERBS.list(tenant, limit, is_down, start_id, start_ms, stop_id, stop_ms, status, wanted, ...)
  local start, stop = cursor(start_id, start_ms, tenant), cursor(stop_id, stop_ms, tenant)
  if (start and not start.ms) or (stop and not stop.ms) then return {'unknown'} end
  is_down, wanted, limit = is_down == '1', cjson.decode(wanted), tonumber(limit)
  local index, texts = P .. 'jobs:' .. tenant, {...}
  local older, newer = start, stop
  if is_down then older, newer = stop, start end
  local first, last = ranks_between(index, older, newer)
  local ids, found = {}, {}
  if first <= last and is_down then
    local behind = redis.call('ZCARD', index) - 1 - last -- ranks counted from the newest
    ids = redis.call('ZREVRANGE', index, behind, behind + math.min(last - first + 1, STRETCH) - 1)
  elseif first <= last then
    ids = redis.call('ZRANGE', index, first, math.min(last, first + STRETCH - 1))
  end
  for _, id in ipairs(ids) do
    if matches(id, status, wanted, texts) then table.insert(found, reply(id)) end
    if #found == limit then break end
  end
  local is_over = #found == limit or #ids < STRETCH
  local next_id = is_over and '' or ids[#ids]
  return {'on', next_id, is_over and '' or redis.call('ZSCORE', index, next_id), stop and tostring(stop.ms) or '', found}
end
