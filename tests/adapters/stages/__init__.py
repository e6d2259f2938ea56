"""The platforms as people meet them, all spoken to in the same words: see ``stage.py``."""
