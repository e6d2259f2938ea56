"""Words and sentences: stems, stop words, slips, and the units that can be quoted."""
