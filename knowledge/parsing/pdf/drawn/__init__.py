"""What a PDF page shows besides words, and what that does to the words."""
