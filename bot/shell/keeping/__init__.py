"""What is kept, as a whole: backed up and brought back, told to whom it is about, and forgotten."""
