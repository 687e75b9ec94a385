-- Moves the end of a lease that is still the caller's.
-- KEYS: the lease. ARGV: the holder's token, milliseconds. Returns 1, or 0 if it is not the caller's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
