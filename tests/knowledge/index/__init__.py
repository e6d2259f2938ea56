"""Which index answers: how it is found, followed, written to, and built anew and switched to."""
