"""How Slack is reached: its Web API, Socket Mode and HTTP mode."""
