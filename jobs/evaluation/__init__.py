"""Judging a version of a voice before it speaks: four arms, their measures, and the gate."""
