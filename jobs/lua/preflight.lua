-- Verbs of the looks at inputs before a job is made. Their words and replies are described in jobs/verbs/preflight.py.

local function questions_key(tenant) return P .. 'questions:' .. tenant end
local function looks_key(tenant) return P .. 'looks:' .. tenant end

function VERBS.ask_preflight(request, tenant, about, live_ms)
  redis.call('RPUSH', questions_key(tenant), cjson.encode({request, NOW + live_ms, about}))
  redis.call('PEXPIRE', questions_key(tenant), live_ms)
  redis.call('ZADD', P .. 'question-turns', 'NX', redis.call('INCR', P .. 'question-turn'), tenant)
end

-- The first question of a tenant that somebody may still wait for.
local function first_awaited(tenant)
  while true do
    local question = redis.call('LPOP', questions_key(tenant))
    if not question then return nil end
    local request, ends_ms, about = unpack(cjson.decode(question))
    if ends_ms > NOW then return {request, tenant, about} end
  end
end

-- Tenants take turns, the one served longest ago first; one that has its share under way waits.
function VERBS.take_question(share, hold_ms)
  for _, tenant in ipairs(redis.call('ZRANGE', P .. 'question-turns', 0, -1)) do
    redis.call('ZREMRANGEBYSCORE', looks_key(tenant), '-inf', NOW)
    if redis.call('ZCARD', looks_key(tenant)) < tonumber(share) then
      local question = first_awaited(tenant)
      if question then
        redis.call('ZADD', P .. 'question-turns', redis.call('INCR', P .. 'question-turn'), tenant)
        redis.call('ZADD', looks_key(tenant), NOW + hold_ms, question[1])
        redis.call('PEXPIRE', looks_key(tenant), hold_ms)
        return question
      end
      redis.call('ZREM', P .. 'question-turns', tenant)
    end
  end
  return false
end

function VERBS.question_done(request, tenant) redis.call('ZREM', looks_key(tenant), request) end
