"""What an admin does with sources: adding, re-reading, pausing and removing them."""
