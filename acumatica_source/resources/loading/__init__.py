"""The one engine that loads every kind of table.

From the top down: `run` (all or what changed, the watermark), `parts` (tables that are replaced
part by part), `sweep` (what is gone, what is outdated), `state`, `tables`, `evolution` and
`reader`, the protocol that a kind of table implements.
"""
