"""Tests of the conversation side."""
