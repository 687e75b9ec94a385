"""A small Feishu served over real HTTP: what tests, the demo and benchmarks talk to instead of the real one.

It is written from Feishu's documentation, not from our client, and imports nothing else of this project: a misreading
in one is not repeated in the other. Start with `server.SimulatorServer`; steer it with `control.Control`.
"""
