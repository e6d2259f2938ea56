"""The conversation: what happens between a message and its reply. Names no platform or server."""
