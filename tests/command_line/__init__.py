"""The command line as people and scripts meet it: what is printed where, and how it ends."""
