"""Discord: the adapter, its views, and how Discord writes text."""
