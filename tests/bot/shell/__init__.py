"""Tests of what puts everything together."""
