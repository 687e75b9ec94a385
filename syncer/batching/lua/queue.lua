-- A fair queue (the twin of fair_queue.py); stands before the scripts that use it.
-- KEYS[1]: a hash (served, arrivals, finished:<flow>), KEYS[2]: tickets by turn, KEYS[3]: tickets by when their owners
-- ask again. Times are microseconds. A score is twice the tag, and one more for who is not urgent; equal ones keep the
-- order of their tickets, which all have one length. Lua's own tostring() would round large numbers.
local GRACE = 2000000
local DAY = 86400000

local function whole(number)
  return string.format('%.0f', number)
end

-- The given time, else the server's.
local function time(given)
  if given ~= '' then
    return tonumber(given)
  end
  local parts = redis.call('TIME')
  return parts[1] * 1000000 + parts[2]
end

local function keep(keys)
  for _, key in ipairs(keys) do
    redis.call('PEXPIRE', key, DAY)
  end
end

local function wait(ticket, now, microseconds)
  redis.call('ZADD', KEYS[3], whole(now + microseconds + GRACE), ticket)
end

local function join(flow, cost, urgent, now)
  local finished = 'finished:' .. flow
  local known = redis.call('HMGET', KEYS[1], 'served', finished)
  local tag = math.max(tonumber(known[1] or 0), tonumber(known[2] or 0))
  local ticket = string.format('%015d', redis.call('HINCRBY', KEYS[1], 'arrivals', 1))
  redis.call('HSET', KEYS[1], finished, whole(tag + cost))
  redis.call('ZADD', KEYS[2], whole(tag * 2 + (urgent == '1' and 0 or 1)), ticket)
  wait(ticket, now, 0)
  return ticket
end

-- The asker's ticket, a new one if it has none that counts, and how many turns come before it.
local function stand(ticket, flow, cost, urgent, now)
  local late = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. whole(now))
  for _, dead in ipairs(late) do
    redis.call('ZREM', KEYS[2], dead)
    redis.call('ZREM', KEYS[3], dead)
  end
  if ticket == '' or not redis.call('ZSCORE', KEYS[2], ticket) then
    ticket = join(flow, cost, urgent, now)
  end
  return ticket, redis.call('ZRANK', KEYS[2], ticket)
end

local function leave(ticket)
  redis.call('ZREM', KEYS[2], ticket)
  redis.call('ZREM', KEYS[3], ticket)
end

local function serve(ticket)
  local tag = math.floor(redis.call('ZSCORE', KEYS[2], ticket) / 2)
  if tag > tonumber(redis.call('HGET', KEYS[1], 'served') or 0) then
    redis.call('HSET', KEYS[1], 'served', whole(tag))
  end
  leave(ticket)
end
