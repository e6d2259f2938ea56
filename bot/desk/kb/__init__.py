"""What admins do about knowledge where they talk: sources, readers, gaps, answers of their own."""
