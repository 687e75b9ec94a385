-- Gives a lease back if it is still the caller's: one that ended may be somebody else's by now.
-- KEYS: the lease. ARGV: the holder's token. Returns 1, or 0 if it was not the caller's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
