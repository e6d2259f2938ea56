"""Loaders of LangChain's community as sources: an optional extra, in a process of their own."""
