"""Documents that are kept in a Git repository."""
