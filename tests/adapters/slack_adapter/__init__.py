"""The real Bolt app over a Slack that answers as Slack does: every way in, and what goes wrong."""
