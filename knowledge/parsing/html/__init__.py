"""HTML: what a visitor can read of a page, as Markdown."""
