"""Tests of what is done with voices: preparing, training settings, evaluation."""
