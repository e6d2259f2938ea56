"""The stores that implement the port in ``knowledge/store.py``."""
