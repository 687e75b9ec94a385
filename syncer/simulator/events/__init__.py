"""Events: who asked for them, what a committed write becomes, and how it reaches an app (request URL, long connection).

From the write outward: `desk` turns commits into events, `courier` decides each one's fate and tries to deliver it,
`webhook` and `connections` carry it. Nothing here runs for a base that nobody subscribed to.
"""
