"""A brand's voice: its guide, its chat template, the model that speaks it and its metrics."""
