-- Makes a table slower after a refusal, or faster after a success; forgets one that is as fast as any.
-- KEYS: the table's hash (rate, changed, alone), the set of tables that are slow. ARGV: time ('' for the server's), table,
-- verdict (slower, alone or faster), then thousandths of calls a second: first rate, least, step up, free; then the percent
-- that is left of a rate, microseconds within which refusals count once, milliseconds after which all is forgotten.
-- Returns the rate, 0 for full speed.
local now = time(ARGV[1])
local known = redis.call('HMGET', KEYS[1], 'rate', 'changed')
local rate, changed = tonumber(known[1] or 0), tonumber(known[2] or 0)
local first, least, step, free = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

if ARGV[3] == 'faster' then
  if rate > 0 then
    rate = rate + step
    redis.call('HSET', KEYS[1], 'rate', rate >= free and 0 or rate)
  end
else
  if rate == 0 then
    rate, changed = first, now
  elseif math.abs(now - changed) >= tonumber(ARGV[9]) then
    rate, changed = math.max(least, math.floor(rate * tonumber(ARGV[8]) / 100)), now
  end
  redis.call('HSET', KEYS[1], 'rate', rate, 'changed', whole(changed))
  redis.call('SADD', KEYS[2], ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[10])
end
if ARGV[3] == 'alone' then
  redis.call('HSET', KEYS[1], 'alone', 1)
end
if rate >= free then
  rate = 0
end
return rate
