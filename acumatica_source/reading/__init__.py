"""Reading an instance completely: paging, watermarks, fallbacks and the workers that fetch."""
