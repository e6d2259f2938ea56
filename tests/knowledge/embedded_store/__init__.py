"""What only the embedded store promises: one file, several processes, kill -9, bounded growth."""
