"""What an instance says its data are: entities, their fields, keys and watermarks."""
