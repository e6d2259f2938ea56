"""Words, sentences and pieces of a text."""
