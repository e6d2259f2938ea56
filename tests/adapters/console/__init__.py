"""The terminal as a platform: a conversation line by line, commands, buttons and forms."""
