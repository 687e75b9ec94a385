-- Takes a lease when it is free and nobody comes before; or at once if an earlier life of the same owner died with it.
-- KEYS: the queue's hash (beside the queue's own: number), tickets by turn, tickets by due time, the lease.
-- ARGV: time ('' for the server's), ticket ('' at first), flow, cost, urgent (1 or 0), the holder's token, milliseconds, how
-- the tokens of the owner and of this life of it begin (both empty: nobody's), microseconds until the asker asks again.
-- Returns {the holder's number (0: wait), ticket, how many come before}. Numbers rise, and beyond a flushed Redis too.
local now = time(ARGV[1])
local held = redis.call('GET', KEYS[4])
local begins = function(with) return string.sub(held, 1, #with) == with end
local died = held and ARGV[8] ~= '' and begins(ARGV[8]) and not begins(ARGV[9])

local ticket, ahead = stand(ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], now)
if not died and (held or ahead > 0) then
  wait(ticket, now, tonumber(ARGV[10]))
  keep({KEYS[1], KEYS[2], KEYS[3]})
  return {'0', ticket, ahead}
end
serve(ticket)
local number = math.max(now, tonumber(redis.call('HGET', KEYS[1], 'number') or 0) + 1)
redis.call('HSET', KEYS[1], 'number', whole(number))
redis.call('SET', KEYS[4], ARGV[6], 'PX', ARGV[7])
keep({KEYS[1], KEYS[2], KEYS[3]})
return {whole(number), ticket, 0}
