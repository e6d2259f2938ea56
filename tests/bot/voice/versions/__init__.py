"""Tests of the versions of a voice."""
