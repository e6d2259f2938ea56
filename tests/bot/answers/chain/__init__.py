"""The chain from a question to a checked answer, with a scripted retriever and writer."""
