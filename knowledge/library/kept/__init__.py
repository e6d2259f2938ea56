"""What the library keeps in the database beside sources and documents: records, tasks, notices."""
