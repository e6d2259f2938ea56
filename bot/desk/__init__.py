"""What people press and type: commands, buttons, forms and drafts."""
