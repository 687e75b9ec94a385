-- What a table takes in one write, after one was refused as too large or went through: the twin of sizes.Learned.
-- KEYS: the table's hash (most, good, at), the set of tables that were ever refused. ARGV: time ('' for the server's),
-- table, verdict (refused or accepted), lines, the most there can be, the part a step is of the size, microseconds of rest
-- before it grows, milliseconds after which all is forgotten. Returns the size.
local now = time(ARGV[1])
local lines, most = tonumber(ARGV[4]), tonumber(ARGV[5])
local known = redis.call('HMGET', KEYS[1], 'most', 'good', 'at')
local size, good, at = tonumber(known[1] or most), tonumber(known[2] or 0), tonumber(known[3] or now)

if ARGV[3] == 'refused' then
  if lines >= 2 and lines <= size then
    if good >= lines then
      good = 0
    end
    size = math.max(math.floor((lines + 1) / 2), good)
  end
  redis.call('HSET', KEYS[1], 'most', size, 'good', good, 'at', whole(now))
  redis.call('SADD', KEYS[2], ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[8])
elseif known[1] then
  if lines >= size and math.abs(now - at) >= tonumber(ARGV[7]) then
    size = math.min(most, size + math.max(1, math.floor(size / tonumber(ARGV[6]))))
  end
  redis.call('HSET', KEYS[1], 'most', size, 'good', math.max(good, lines))
end
return size
