"""Where documents come from: the port, the registry of kinds, and one module for each kind."""
