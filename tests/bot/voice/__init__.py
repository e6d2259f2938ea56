"""Tests of a voice."""
