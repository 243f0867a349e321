"""Paging through lists that may have no order, no count and no next link, without losing a row.

From the top down: `walk` (the one walker), `ranges` (several seats at once), `seen` (which rows
have come already), the strategies `keyset`, `offset` and `whole`, `links`, `read_ahead`, `model`
and `errors`. Nothing here knows HTTP, JSON, Arrow or dlt: a list is whatever implements
`walk.Listing`.
"""
