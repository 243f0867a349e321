"""The kinds of dlt resources: entities, inquiries and ledger transactions."""
