"""How changed rows are noticed: by a log that triggers keep, by a column that rises, or by reading everything.

``watch`` is the way in: it knows which way a mapping goes, installs it and takes it away. ``trigger``, ``watermark``
and ``scan`` are the ways themselves, each a ``ports.capture.Capture``; ``listen`` waits for what the triggers call out.
"""
