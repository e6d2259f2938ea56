"""Servers that answer as the real ones do."""
