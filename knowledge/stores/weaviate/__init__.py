"""Passages in a Weaviate server."""
