"""What admins do with sources by command, before a library and before a platform."""
