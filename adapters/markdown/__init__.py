"""Markdown read once by a real parser and written anew in a platform's own way."""
