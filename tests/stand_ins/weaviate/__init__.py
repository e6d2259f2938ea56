"""A small Weaviate for the tests: the REST and gRPC calls that the passage store's client makes.

It keeps to what the client's messages and the public documentation say: aliases, tokenization and
index settings taken from the schema that the client sends, stop words, BM25F, cosine, relative
score fusion, batches whose objects fail one by one, deletes that stop at a limit. What it is not:
an approximate index, or a check of anything that the store does not use (that is an error here).
"""

from tests.stand_ins.weaviate.server import StandIn

__all__ = ["StandIn"]
