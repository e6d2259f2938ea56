"""Tests of the console, over its application and in a browser."""
