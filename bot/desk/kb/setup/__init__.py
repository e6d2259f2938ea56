"""Setting sources up by forms."""
