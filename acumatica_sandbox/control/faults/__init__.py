"""Faults on a schedule: what servers, networks and licences do to a client.

A rule says which requests it is about, how many of them pass before it applies, and how often. What
it does then is its kind: every module in `kinds` adds one or a few.
"""
