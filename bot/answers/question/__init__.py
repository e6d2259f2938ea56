"""From a message as people write it to what is looked up."""
