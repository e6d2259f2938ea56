"""From a question to a checked answer, and what is kept of it."""
