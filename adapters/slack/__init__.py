"""Slack as a platform: what is heard there, from whom, and what people press and open."""
