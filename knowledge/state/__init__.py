"""The state beside the passages: its database, its migrations, and what all its tables share."""
