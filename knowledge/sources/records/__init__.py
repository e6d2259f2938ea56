"""Records of other programs as documents: the items of an endpoint, the rows of a query."""
