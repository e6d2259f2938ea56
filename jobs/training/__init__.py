"""Training of the models that the project ships, repeatable from data to card."""
