"""What every store promises: one contract, over all of them."""
