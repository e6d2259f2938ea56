"""What a model composes is shown only where passages bear it out."""
