"""Tests of where a voice's lines stand."""
