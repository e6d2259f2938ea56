"""Training of a voice's LoRA."""
