"""From a company's own writing to pairs: what is read, made, masked, dropped, and told."""
