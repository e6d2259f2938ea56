"""The console: a web page for what people do where they talk, and who gets in."""
