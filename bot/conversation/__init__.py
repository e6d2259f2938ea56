"""From what is heard to what is said there: who is meant, who may see it, and once only."""
