"""Tests of releases: built aside, checked, switched, restored."""
