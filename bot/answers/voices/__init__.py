"""What is kept of how voices do: records of their versions, wordings, blind comparisons."""
