"""PDF: pages in reading order, with their tables, as Markdown."""
