"""Training a voice's LoRA: how pairs are split, a real tiny training, and what is left on disk."""
