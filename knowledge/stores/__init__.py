"""The stores that implement the port in ``knowledge/stores/port.py``."""
