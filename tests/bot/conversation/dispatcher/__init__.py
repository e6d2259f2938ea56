"""From what a platform heard to what it shows: one answer each, whatever happens in between."""
