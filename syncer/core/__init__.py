"""Decides, without any I/O: what changed, what to do about it, and what must not be done."""
