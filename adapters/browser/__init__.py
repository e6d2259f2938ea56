"""The console: a web page for asking, and for looking after what the bot knows."""
