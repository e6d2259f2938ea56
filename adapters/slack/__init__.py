"""Slack: the adapter, its listeners, and how Slack writes text."""
