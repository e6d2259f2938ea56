"""The whole story of one message, on a real history in a temporary SQLite."""
