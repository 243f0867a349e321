"""A read-only tour of an instance, which answers what no public document settles."""
