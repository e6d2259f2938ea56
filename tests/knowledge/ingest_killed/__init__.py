"""Reading in is safe to kill at any step: what died is simply run again, and nothing is lost."""
