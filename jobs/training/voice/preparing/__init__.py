"""From a company's own writing to pairs that a voice can be trained on."""
