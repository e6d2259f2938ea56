"""What people do about voices where they talk: make, try, word and compare them."""
