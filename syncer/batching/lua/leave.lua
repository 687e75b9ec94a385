-- Somebody stops waiting.
-- KEYS: the queue's. ARGV: the ticket.
leave(ARGV[1])
return {}
