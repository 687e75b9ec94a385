-- Feishu said to wait: nobody begins a call before the time has passed.
-- KEYS: the lane's hash. ARGV: time ('' for the server's), microseconds to wait.
local blocked = time(ARGV[1]) + tonumber(ARGV[2])
if blocked > tonumber(redis.call('HGET', KEYS[1], 'blocked') or 0) then
  redis.call('HSET', KEYS[1], 'blocked', whole(blocked))
end
keep({KEYS[1]})
return {}
