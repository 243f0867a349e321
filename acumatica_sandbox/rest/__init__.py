"""The contract REST API, below `/entity`."""
