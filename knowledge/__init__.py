"""What the bot knows: sources, parsing, passages, their store and their retrieval."""
