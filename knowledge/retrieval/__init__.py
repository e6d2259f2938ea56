"""From a question to the passages that answer it: search, then a reader over the best of them."""
