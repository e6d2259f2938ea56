"""Sources of many pages of one site: its links followed, its site map, its feed."""
