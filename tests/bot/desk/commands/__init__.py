"""The commands: how they are typed, who may give them, and what they do."""
