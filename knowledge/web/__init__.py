"""The only way out to the web: one guarded client."""
