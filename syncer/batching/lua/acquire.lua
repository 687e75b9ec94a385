-- Takes a lease if nobody holds it, or if an earlier life of the same owner does.
-- KEYS: the lease, its counter. ARGV: the holder's token, milliseconds, and how the tokens of the owner and of this life
-- of it begin (both empty: nobody's). Returns the holder's number, 0 if it is taken.
local held = redis.call('GET', KEYS[1])
local begins = function(with) return string.sub(held, 1, #with) == with end
if held and (ARGV[3] == '' or not begins(ARGV[3]) or begins(ARGV[4])) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return redis.call('INCR', KEYS[2])
