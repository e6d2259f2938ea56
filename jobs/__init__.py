"""What the bot does unasked: re-reading sources, training voices, measuring itself."""
