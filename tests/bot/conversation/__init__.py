"""Tests of who is meant and who may see it."""
