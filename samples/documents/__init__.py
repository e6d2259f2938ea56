"""The sample handbook's PDF and Office pages: what they say, and how they are built."""
