"""Approvals: definitions, their instances and tasks, and what happens to them.

`model` holds them, `course` is the way of an instance through its nodes, `shown` what the API tells, `told` the events.
"""
