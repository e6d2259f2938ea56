"""Versions of a voice: what each was made from, and which of them speaks."""
