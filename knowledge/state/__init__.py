"""What is known about what is known, and about what was said: the state beside the passages."""
