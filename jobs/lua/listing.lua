-- The list verb: walks the tenant's index from a cursor, keeps what matches.

local PAGE = 100

-- Creation time of a job that a cursor names; of a deleted one by its tombstone.
local function cursor_ms(id, tenant)
  if is_visible(id, tenant) then return tonumber(get(id, 'created_ms')) end
  local owner, created = unpack(redis.call('HMGET', P .. 'tombstone:' .. id, 'tenant', 'created_ms'))
  return owner == tenant and tonumber(created) or nil
end

local function matches(id, status, metadata)
  if status ~= '' and get(id, 'status') ~= status then return false end
  if not next(metadata) then return true end
  local own = cjson.decode(get(id, 'metadata'))
  for name, value in pairs(metadata) do
    if own[name] ~= value then return false end
  end
  return true
end

-- Whether (ms, id) comes strictly after (other_ms, other) in the walk.
local function is_past(is_down, ms, id, other_ms, other)
  if ms ~= other_ms then return is_down == (ms < other_ms) end
  return id ~= other and is_down == (id < other)
end

-- Ids along the walk from `start`, before `stop`, at most `limit` of them.
local function walk(tenant, is_down, start, stop, limit, accept)
  local command = is_down and 'ZREVRANGEBYSCORE' or 'ZRANGEBYSCORE'
  local from = start and start.ms or (is_down and '+inf' or '-inf')
  local to = is_down and '-inf' or '+inf'
  local found, offset = {}, 0
  while true do
    local rows = redis.call(command, P .. 'jobs:' .. tenant, from, to, 'WITHSCORES', 'LIMIT', offset, PAGE)
    for i = 1, #rows, 2 do
      local id, ms = rows[i], tonumber(rows[i + 1])
      if stop and not is_past(not is_down, ms, id, stop.ms, stop.id) then return found end
      if (not start or is_past(is_down, ms, id, start.ms, start.id)) and accept(id) then
        table.insert(found, id)
        if #found == limit then return found end
      end
    end
    if #rows < 2 * PAGE then return found end
    offset = offset + PAGE
  end
end

local function cursor(id, tenant)
  if id == '' then return nil end
  return {id = id, ms = cursor_ms(id, tenant)}
end

function VERBS.list(tenant, limit, after, before, is_newest_first, status, metadata)
  local first, last = cursor(after, tenant), cursor(before, tenant)
  if (first and not first.ms) or (last and not last.ms) then return {'unknown'} end
  local wanted = cjson.decode(metadata)
  local function accept(id) return matches(id, status, wanted) end
  local is_down, is_backwards = is_newest_first == '1', last and not first
  local ids
  if is_backwards then
    ids = walk(tenant, not is_down, last, nil, limit + 1, accept)
  else
    ids = walk(tenant, is_down, first, last, limit + 1, accept)
  end
  local has_more = #ids > tonumber(limit)
  if has_more then table.remove(ids) end
  local rows = {}
  for _, id in ipairs(ids) do table.insert(rows, is_backwards and 1 or #rows + 1, reply(id)) end
  return {has_more and 1 or 0, rows}
end
