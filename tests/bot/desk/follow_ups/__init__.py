"""What can be done about an answer: rate it, ask why, share it, ask a person."""
