-- Counts a call that begins now, or says how long to wait before asking again.
-- KEYS: the lane's hash (beside the queue's: epoch, blocked, next), tickets by turn, tickets by due time, a list of when calls
-- began (newest first). ARGV: time ('' for the server's), ticket ('' at first), flow, cost, urgent (1 or 0), the epoch the
-- asker knows ('' for none), spare, shortest and longest wait, the longest after which the next in turn simply begins, time
-- between calls where many wait, how much of it may be made up for, then calls and length of every window.
-- Returns {microseconds to wait, ticket, epoch, 1: begin then, 0: ask again then, microseconds until it may begin}.
local SECOND = 1000000
local CROWDED = 20000
local now = time(ARGV[1])

-- A clock that was set back must cost one window at most, not the hours until it catches up.
local newest = tonumber(redis.call('LINDEX', KEYS[4], 0) or 0)
if newest > now + tonumber(ARGV[10]) then
  local begun = redis.call('LRANGE', KEYS[4], 0, -1)
  redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
  redis.call('HDEL', KEYS[1], 'blocked', 'next')
  for _, one in ipairs(begun) do
    redis.call('RPUSH', KEYS[4], whole(tonumber(one) - newest + now))
  end
end

-- An asker that knew another epoch has seen a log that is gone (a flushed Redis): the calls of the last second are
-- nowhere to be found, so nobody begins one before they have passed.
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  epoch = whole(now)
  redis.call('HSET', KEYS[1], 'epoch', epoch)
end
local blocked = tonumber(redis.call('HGET', KEYS[1], 'blocked') or 0)
if ARGV[6] ~= '' and ARGV[6] ~= epoch and tonumber(epoch) + SECOND > blocked then
  blocked = tonumber(epoch) + SECOND
  redis.call('HSET', KEYS[1], 'blocked', whole(blocked))
end

local ticket, ahead = stand(ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], now)
local spare, most, until_free = tonumber(ARGV[7]), 0, math.max(blocked, now)
local spacing, following = tonumber(ARGV[11]), tonumber(redis.call('HGET', KEYS[1], 'next') or 0)
if redis.call('ZCARD', KEYS[2]) > 1 then
  until_free = math.max(until_free, following + ahead * spacing)
end
for i = 13, #ARGV, 2 do
  local calls, length = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  local begun = redis.call('LINDEX', KEYS[4], math.max(calls - 1 - ahead, 0))
  if begun then
    until_free = math.max(until_free, tonumber(begun) + length + spare)
  end
  if ahead >= calls then
    until_free = math.max(until_free, now + CROWDED)
  end
  most = math.max(most, calls)
end

local left = until_free - now
local free = math.max(left, 0)
local begins = left <= 0 or (ahead == 0 and left <= tonumber(ARGV[10]))
if begins then
  local begin = math.max(now, until_free)
  left = begin - now
  serve(ticket)
  if most > 0 then
    following = (following > 0 and math.max(following, begin - tonumber(ARGV[12])) or begin) + spacing
    redis.call('HSET', KEYS[1], 'next', whole(following))
    redis.call('LPUSH', KEYS[4], whole(begin))
    redis.call('LTRIM', KEYS[4], 0, most - 1)
  end
else
  left = math.min(math.max(left, tonumber(ARGV[8])), tonumber(ARGV[9]))
  wait(ticket, now, left)
end
keep(KEYS)
return {left, ticket, epoch, begins and 1 or 0, free}
