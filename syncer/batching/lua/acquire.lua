-- Takes a lease if nobody holds it.
-- KEYS: the lease, its counter. ARGV: the holder's token, milliseconds. Returns the holder's number, 0 if it is taken.
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 0
end
return redis.call('INCR', KEYS[2])
