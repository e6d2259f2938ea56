"""Texts to vectors, several at a time."""
