"""An invented company's handbook with questions about it, and what builds its pages."""
