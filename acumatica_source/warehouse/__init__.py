"""What a dataset keeps about itself: whose data it holds, and who writes to it."""
