"""What an operator sees of it: the log, figures, and traces."""
