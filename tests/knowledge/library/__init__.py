"""The library: adding, re-reading, pausing and removing sources, by one at a time."""
