"""What the instance holds: contracts, records, and where these are kept."""
