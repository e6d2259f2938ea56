"""The index as a whole: which one answers, and a new one built beside it and switched to."""
