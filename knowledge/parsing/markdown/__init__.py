"""Markdown and its kin: dialects, front matter, reStructuredText, questions with answers."""
