"""Tests of what people press and type."""
