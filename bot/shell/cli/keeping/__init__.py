"""Commands for what is kept: a backup and its way back, and what is kept about a person."""
