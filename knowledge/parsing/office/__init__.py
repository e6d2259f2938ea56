"""Word, PowerPoint and Excel files: what a person sees of them, as Markdown."""
