"""Voices put together: their files, their judging, and what people do about them."""
