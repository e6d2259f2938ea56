"""Training of the reader: data, loop, measures and card."""
